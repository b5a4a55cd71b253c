"""The work of the service: it turns bodies of requests into contents of answers, in threads outside the event loop."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import numpy as np
from fastapi import Response
from pydantic import BaseModel

from fovea.bitstream import ContainerReader, Header, read_header
from fovea.codec import DEFAULT_QUALITY, Codec
from fovea.coding import Region
from fovea.errors import ArgumentError
from fovea.picture import (
    FORMATS,
    Picture,
    as_shown,
    decoded_size,
    enlarged_map,
    opened,
    orientation_in,
    save_picture,
)
from fovea.serve.bodies import InParts
from fovea.serve.comparison import OBJECT, compare
from fovea.serve.parameters import (
    LARGEST_TILE,
    ComparisonParameters,
    DecodeParameters,
    EncodeParameters,
    Info,
    MapParameters,
    ServedModel,
)
from fovea.serve.problems import RefusedError
from fovea.serve.settings import Settings
from fovea.store import coded_facts, find_id

MEDIA_TYPE = "image/x-fovea"
"""The media type of coded files."""


@dataclass(frozen=True)
class Result:
    """The content of an answer.

    Attributes:
        content: body of the answer.
        media_type: media type of the body.
        headers: further headers of the answer.
        pixels: number of pixels that were coded.
        model: name of the model that coded them; None if nothing was coded.
    """

    content: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    pixels: int = 0
    model: str | None = None

    def response(self) -> Response:
        """Return the answer."""
        return InParts(self.content, media_type=self.media_type, headers=dict(self.headers))


class Coding:
    """The codecs of the models that are served. Several threads may use it at the same time.

    Args:
        settings: names of the models, and how they run.

    Raises:
        ModelError: a model is unknown or damaged.
        DownloadError: a released model is not installed and cannot be downloaded.
        ArgumentError: the engine is unknown.
        EngineError: the engine is not installed, or has no such precision.
    """

    def __init__(self, settings: Settings) -> None:
        self._largest = settings.limits.pixels
        self._codecs = {
            name: Codec(name, settings.engine, settings.precision, settings.threads, settings.limits.jobs)
            for name in settings.models
        }
        self._default = settings.models[0]
        self._names = {codec.model.id: name for name, codec in self._codecs.items()}

    def warm_up(self) -> None:
        """Code a small picture with the default model, so that the first request does not wait for the networks."""
        codec = self._codecs[self._default]
        codec.decode(codec.encode(np.zeros((64, 64, 3), np.uint8)))

    def models(self) -> list[ServedModel]:
        """Return the models that are served, the default first."""
        served = []
        for name, codec in self._codecs.items():
            info = find_id(codec.model.id)
            served.append(
                ServedModel(
                    name=name,
                    id=codec.model.id.hex(),
                    default=name == self._default,
                    region=str(codec.model.region),  # type: ignore[arg-type]  # the values are those of the enumeration
                    purpose=info.purpose if info else "",
                    bits_per_pixel=dict(info.bits_per_pixel) if info else {},
                )
            )
        return served

    def encode(self, body: bytes, parameters: EncodeParameters) -> Result:
        """Encode an image file."""
        name, codec = self._named(parameters.model)
        picture = self._read(body, parameters.metadata)
        pixels = picture.width * picture.height
        size = parameters.target_size
        if parameters.target_bpp is not None:
            size = int(parameters.target_bpp * pixels / 8)
        options: dict[str, Any] = parameters.model_dump(include={"tile_size", "scale", "background"})
        if size is None:
            quality = DEFAULT_QUALITY if parameters.quality is None else parameters.quality
            data = codec.encode(picture, quality, **options)
        else:
            data = codec.encode_to_size(picture, size, **options)
        return Result(data, MEDIA_TYPE, _facts_of(read_header(data), len(data), name), pixels, name)

    def decode(self, body: bytes, parameters: DecodeParameters) -> Result:
        """Decode a coded file to an image file."""
        header, name, codec = self._of_file(body)
        box = parameters.box
        if box is None or header.has_alpha:  # the alpha plane is decoded as a whole
            self._check_pixels(header.width, header.height)
        else:
            self._check_pixels(*box[2:])
        picture = codec.decode_picture(body, box, self._largest, parameters.native)
        picture = picture if parameters.metadata else picture.shown()
        form = FORMATS[parameters.format]
        file = io.BytesIO()
        headers = _facts_of(header, len(body), name)
        if note := save_picture(picture, file, form):
            headers["Fovea-Note"] = note
        return Result(file.getvalue(), form.media_type, headers, picture.width * picture.height, name)

    def map(self, body: bytes, parameters: MapParameters) -> Result:
        """Draw the map of objects of a coded file, white on objects, as PNG."""
        header, name, codec = self._of_file(body)
        if codec.model.region == Region.NONE:
            raise ArgumentError(f"{name}, with which the file was encoded, has no map of objects")
        self._check_pixels(header.width, header.height)
        levels = enlarged_map(codec.object_map(body, max_pixels=self._largest), header.width, header.height)
        if parameters.upright:
            levels = as_shown(levels, orientation_in(ContainerReader(body).metadata()))
        form = FORMATS["png"]
        file = io.BytesIO()
        save_picture(Picture.from_array(levels), file, form)
        return Result(file.getvalue(), form.media_type, _facts_of(header, len(body), name), model=name)

    def info(self, body: bytes) -> Result:
        """Describe a coded file without decoding it."""
        return _as_json(Info.model_validate(coded_facts(body)))

    def compare(self, body: bytes, parameters: ComparisonParameters) -> Result:
        """Encode an image file, and measure how many bytes a JPEG needs to be as exact."""
        name, codec = self._named(parameters.model)
        picture = self._read(body, parameters.metadata)
        data = codec.encode(picture, parameters.quality, scale=parameters.scale, background=parameters.background)
        decoded = codec.decode_picture(data, max_pixels=self._largest).pixels
        objects = None
        if codec.model.region in (Region.FOUND, Region.SEARCHED):
            levels = codec.object_map(data, max_pixels=self._largest)
            objects = enlarged_map(levels, picture.width, picture.height) > 255 * OBJECT
        figures = compare(name, picture.pixels, data, decoded, objects)
        return _as_json(figures, 2 * picture.width * picture.height, name)

    def _named(self, model: str | None) -> tuple[str, Codec]:
        name = model or self._default
        if name not in self._codecs:
            raise ArgumentError(f"model {name!r} is not served: choose one of {', '.join(self._codecs)}")
        return name, self._codecs[name]

    def _of_file(self, body: bytes) -> tuple[Header, str, Codec]:
        """Return the header of a coded file, and its model, which must be one that is served.

        A client must not be able to make the service search for another model or download it, nor take the memory for
        tiles that are larger than those that the service encodes.
        """
        header = read_header(body)
        name = self._names.get(header.model_id)
        if name is None:
            raise ArgumentError(
                f"the file needs the model with the id {header.model_id.hex()}, which this service does not have"
            )
        tile = header.grid.box(0)
        if tile.width * tile.height > LARGEST_TILE**2:
            detail = (
                f"The file has tiles of {tile.width}x{tile.height} pixels: this service decodes tiles of at most"
                f" {LARGEST_TILE}x{LARGEST_TILE}. Encode it with a smaller tile size."
            )
            raise RefusedError(413, detail, "pixels")
        return header, name, self._codecs[name]

    def _read(self, body: bytes, keep_metadata: bool) -> Picture:
        with opened(body) as image:
            size = decoded_size(image)
            what = "picture" if size == image.size else "tile of the picture"
            # This block turns all errors into errors of the image, so the refusal is raised after it.
            picture = Picture.from_image(image, keep_metadata) if self._fits(*size) else None
        if picture is None:
            raise self._too_large(*size, what)
        return picture

    def _check_pixels(self, width: int, height: int) -> None:
        """Refuse a picture that is too large, before its pixels take memory."""
        if not self._fits(width, height):
            raise self._too_large(width, height)

    def _fits(self, width: int, height: int) -> bool:
        return width * height <= self._largest

    def _too_large(self, width: int, height: int, what: str = "picture") -> RefusedError:
        detail = f"The {what} has {width}x{height} pixels: at most {self._largest} are coded by this service."
        return RefusedError(413, detail, "pixels")


def _facts_of(header: Header, size: int, model: str) -> dict[str, str]:
    return {
        "Fovea-Bits-Per-Pixel": f"{8 * size / (header.width * header.height):.4f}",
        "Fovea-Quality": str(header.quality),
        "Fovea-Width": str(header.width),
        "Fovea-Height": str(header.height),
        "Fovea-Coded-Width": str(header.coded_width),
        "Fovea-Coded-Height": str(header.coded_height),
        "Fovea-Model": quote(model),  # headers hold no other characters than those of Latin-1
    }


def _as_json(answer: BaseModel, pixels: int = 0, model: str | None = None) -> Result:
    return Result(answer.model_dump_json().encode(), "application/json", {}, pixels, model)
