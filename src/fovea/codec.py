"""The public facade: images to bytes and back."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fovea.arguments import (
    AUTO_SCALE,
    ImageLike,
    ScaleLike,
    background_number,
    picture_of,
    quality_number,
    region_box,
    scale_number,
    size_number,
    tile_size_number,
)
from fovea.bitstream import (
    DEFAULT_MAX_PIXELS,
    DEFAULT_TILE_SIZE,
    Box,
    Container,
    ContainerReader,
    Header,
    Metadata,
    Source,
    check_inside,
    read_header,
    write,
)
from fovea.coding import (
    CodedSize,
    Controls,
    Encoded,
    Found,
    Model,
    PictureDecoder,
    PictureEncoder,
    PriorNetworks,
    Region,
    has_small_objects,
    largest_fitting,
    objects_decide,
    probabilities,
    reduced_size,
)
from fovea.engine import Engine, create_engine
from fovea.errors import ArgumentError, BitstreamError, ImageError, LimitError, ModelError
from fovea.forks import Lock, PerProcess
from fovea.parallel import stream
from fovea.picture import (
    Picture,
    RegionLike,
    coded_box,
    decode_alpha,
    encode_alpha,
    enlarge,
    map_at_full_scale,
    needed_box,
    region_map,
    shrink,
)
from fovea.spec import FULL_SCALE, QUALITIES, STRIDE, scaled
from fovea.store import SUFFIX, load_model

DEFAULT_MODEL = "fovea-s"
DEFAULT_QUALITY = 50

_TRIAL_QUALITY = 40
"""The quality at which a picture is encoded to see how small its objects are, before a quality is searched."""
_DECODERS = 4
"""Number of models whose decoders a codec keeps open."""


class Codec:
    """Encodes and decodes images with one model on one engine.

    Threads may share it. Forked processes may use it too: each opens the networks again by itself. Pickling keeps its
    settings, so that other processes get a codec of their own.

    Args:
        model: model to encode with: name or id of a model, or path of a model file. Files are decoded with the model
            that they name, whatever this one is.
        engine: inference runtime: "onnxruntime" or "openvino".
        precision: precision of the networks: "fp32", or another one that the engine has. "auto" takes the fastest
            that engine and processor have, wherever it costs at most 1 % of the bits. Decoders of all precisions read
            the same bits.
        threads: number of threads that one image may use, by default one for each core and never more.
        at_once: number of images that are coded at the same time, where that is known. OpenVINO then uses no more cores
            than these need.
        encoder: name of a further encoder that the model file holds; by default its usual one. All write files for the
            same decoder.

    Raises:
        ModelError: the model is unknown or damaged.
        ArgumentError: the engine is unknown, there is less than one thread, or the model has no such encoder.
        EngineError: the engine is not installed, or has no such precision.

    Example:
        >>> codec = Codec()
        >>> image = np.zeros((48, 64, 3), np.uint8)
        >>> codec.decode(codec.encode(image, quality=30)).shape
        (48, 64, 3)
    """

    def __init__(
        self,
        model: str | Path = DEFAULT_MODEL,
        engine: str = "onnxruntime",
        precision: str = "auto",
        threads: int | None = None,
        at_once: int | None = None,
        encoder: str | None = None,
    ) -> None:
        if Path(model).suffix == SUFFIX:
            model = Path(model).absolute()  # also for a process that unpickles this in another folder
        self._settings = (model, engine, precision, threads, at_once, encoder)
        self.model = load_model(model)
        self._region = self.model.region_of(encoder)
        self.engine = create_engine(engine, precision, threads, at_once)
        self._prior = PerProcess(partial(PriorNetworks, self.model, self.engine))
        self._encoder = PerProcess(partial(_open_encoder, self.model, self.engine, self._prior, encoder))
        self._decoders: OrderedDict[bytes, PictureDecoder] = OrderedDict()
        self._lock = Lock()

    def __reduce__(self) -> tuple[type["Codec"], tuple[Any, ...]]:
        return Codec, self._settings

    @property
    def name(self) -> str:
        """The name of the model that encodes."""
        return self.model.name

    @property
    def takes_map(self) -> bool:
        """Whether ``encode`` takes a map of the region of interest."""
        return self._region != Region.NONE

    def encode(
        self,
        image: ImageLike,
        quality: float = DEFAULT_QUALITY,
        *,
        keep_metadata: bool = True,
        tile_size: int = DEFAULT_TILE_SIZE,
        roi: RegionLike | None = None,
        scale: ScaleLike = AUTO_SCALE,
        background: float | None = None,
    ) -> bytes:
        """Encode an image.

        Args:
            image: a Pillow image of any mode; an array [H, W], [H, W, 1], [H, W, 3] or [H, W, 4]; or a picture.
            quality: 0 (smallest file) to 100, rounded to an integer.
            keep_metadata: of a Pillow image: keep EXIF, ICC and XMP. Otherwise the pixels are turned upright and
                converted to sRGB, and the metadata dropped.
            tile_size: largest side of a tile, a multiple of 64. Smaller tiles make regions of large images
                quicker to decode and cost some bits.
            roi: map of the region of interest, of the size of the coded picture, for a model that takes one: what
                lies outside gets few bits. Without it ``fovea-s`` looks for objects, and a model that has to be told
                takes everything to be of interest.
            scale: size at which the picture is coded, as a part of its own: 1, 7/8, 3/4 and so on down to 1/8, as a
                number or as text. What is decoded has the size of the picture again. With "auto", a model for machines
                reduces large pictures at qualities below 48, or below 30 if their objects are small, and gives the
                coded pixels a higher quality, so that as much accuracy is kept with fewer bits; see
                :mod:`fovea.coding.coded_size`.
                A model that knows of no region of interest keeps the size.
            background: how much an error outside of objects counts, 0 (least) to 100 (as much as inside), rounded to an
                integer, for a model that has this control. By default the one that goes with the quality.

        Returns:
            The content of a ``.fov`` file.

        Raises:
            ImageError: the image cannot be coded or is none, or the map does not fit it.
            ArgumentError: quality, background or tile size is out of range, the model takes no map, or it has no
                control of the background.
            MemoryError: the image does not fit into memory.
        """
        picture = picture_of(image, keep_metadata)
        number, tile_size, eighths = quality_number(quality), tile_size_number(tile_size), scale_number(scale)
        controls = self._controls(number, background)
        region = self._region_of(picture, roi, controls)
        return self._file(picture, _alpha_of(picture), controls, eighths, tile_size, region)

    def check_background(self, background: float | None) -> int | None:
        """Return a background as files hold it, an integer; None stays.

        Raises:
            ArgumentError: it is out of range, or the model that encodes has no control of the background.
        """
        if background is not None and self.model.backgrounds is None:
            raise ArgumentError(f"model {self.name} has no control of the background: leave it out, or take another")
        return background_number(background)

    def _controls(self, quality: int, background: float | None) -> Controls:
        return self.model.controls(quality, self.check_background(background))

    def _region_of(
        self, picture: Picture, roi: RegionLike | None, *controls: Controls
    ) -> NDArray[np.uint8] | Found | None:
        """Return the map that is given, or else what a model finds beforehand, unless no control needs to know it."""
        if roi is None:
            alike = all(each.same_weight_everywhere for each in controls)
            return None if alike else self._encoder.get().find(picture.pixels)
        if not self.takes_map:
            raise ArgumentError(
                f"{self.name} takes no map of a region of interest: leave it out, or take another model"
            )
        return region_map(roi, picture.width, picture.height)

    def _file(
        self,
        picture: Picture,
        alpha: bytes | None,
        controls: Controls,
        eighths: int | None,
        tile_size: int,
        region: NDArray[np.uint8] | Found | None,
        small_objects: bool | None = None,
    ) -> bytes:
        """Return the file of a picture, whose size is chosen where no size in eighths is given.

        Where the size depends on the objects, ``small_objects`` says whether they are small; None means to see.
        """
        full = CodedSize(FULL_SCALE, controls.quality)
        size = self._reduced(picture, controls) if eighths is None else CodedSize(eighths, controls.quality)
        undecided = eighths is None and objects_decide(size, controls.quality)
        if undecided and small_objects is not None:
            size, undecided = full if small_objects else size, False
        if undecided and isinstance(region, Found):
            found = region.at(scaled(picture.height, size.scale), scaled(picture.width, size.scale))
            size, undecided = full if has_small_objects(probabilities(found)) else size, False
        header, (tiles, objects) = self._encode(picture, size, controls, tile_size, region)
        if undecided and objects is not None and has_small_objects(objects):
            header, (tiles, _) = self._encode(picture, full, controls, tile_size, region)
        return write(Container(header, tuple(tiles), picture.metadata, alpha))

    def _reduced(self, picture: Picture, controls: Controls) -> CodedSize:
        """Return the size at which a picture is coded if its objects are large enough."""
        if not self.takes_map or controls.same_weight_everywhere:
            return CodedSize(FULL_SCALE, controls.quality)
        return reduced_size(picture.width, picture.height, controls.quality)

    def _encode(
        self,
        picture: Picture,
        size: CodedSize,
        controls: Controls,
        tile_size: int,
        region: NDArray[np.uint8] | Found | None,
    ) -> tuple[Header, Encoded]:
        """Return the header of a picture, and its tiles at one size and the quality that goes with the size."""
        header = Header(
            self.model.id,
            picture.width,
            picture.height,
            size.quality,
            picture.mode,
            tile_size,
            background=controls.background or 0,
            scale=size.scale,
        )
        region = shrink(region, size.scale) if isinstance(region, np.ndarray) else region
        pixels = shrink(picture.pixels, size.scale, self.engine.threads)
        controls = controls._replace(quality=size.quality)
        return header, self._encoder.get().encode(pixels, header.grid, controls, region)

    def encode_to_size(
        self,
        image: ImageLike,
        size: int,
        *,
        keep_metadata: bool = True,
        tile_size: int = DEFAULT_TILE_SIZE,
        roi: RegionLike | None = None,
        scale: ScaleLike = AUTO_SCALE,
        background: float | None = None,
    ) -> bytes:
        """Encode at the highest quality whose file is no larger than wanted.

        Files grow with the quality, though not at every step. Below 1,000 bytes every quality that may fit is tried.
        Above, the search takes for granted that no file is smaller by more than 5 % than one of lower quality; a
        picture that breaks this may get a lower quality than the highest that fits, but never a larger file.

        Args:
            image: as in :meth:`encode`.
            size: largest file, in bytes.
            keep_metadata: as in :meth:`encode`.
            tile_size: as in :meth:`encode`.
            roi: as in :meth:`encode`.
            scale: as in :meth:`encode`.
            background: as in :meth:`encode`.

        Raises:
            ImageError: no file is small enough; the message says how small the smallest is that was tried, or how
                much header, metadata and alpha take alone.
            ArgumentError: as in :meth:`encode`, or the size is no number of bytes.
        """
        size = size_number(size)
        picture = picture_of(image, keep_metadata)
        tile_size, eighths = tile_size_number(tile_size), scale_number(scale)
        controls = [self._controls(quality, background) for quality in range(QUALITIES)]
        alpha = _alpha_of(picture)
        # No scale has fewer tiles than the smallest one.
        scale = 1 if eighths is None else eighths
        header = Header(self.model.id, picture.width, picture.height, 0, picture.mode, tile_size, scale=scale)
        _check_space(header, picture.metadata, alpha, size)
        region = self._region_of(picture, roi, *controls)
        small = None
        if eighths is None and self._reduced(picture, controls[_TRIAL_QUALITY]).scale != FULL_SCALE:
            # Whether objects are small is decided once, so that files grow with the quality.
            trial = read_header(self._file(picture, alpha, controls[_TRIAL_QUALITY], None, tile_size, region))
            small = trial.scale == FULL_SCALE
        return largest_fitting(
            lambda quality: self._file(picture, alpha, controls[quality], eighths, tile_size, region, small), size
        )

    def decode(
        self,
        data: Source,
        region: tuple[int, int, int, int] | None = None,
        *,
        native: bool = False,
        max_pixels: int = DEFAULT_MAX_PIXELS,
    ) -> NDArray[np.uint8]:
        """Decode to an array.

        Args:
            data: content of a ``.fov`` file, or the open file.
            region: (left, top, width, height) in pixels: decode this part alone. Its pixels equal those of the
                whole image.
            native: keep the size at which the picture is coded; a region still counts pixels of the picture itself.
            max_pixels: refuse to decode more, before any work: a file of some hundred bytes may claim to hold 268
                megapixels. Of a region its own pixels count; of a picture with alpha the whole, because its alpha plane
                is decoded as a whole.

        Returns:
            uint8 [H, W] for gray images, [H, W, 2] with alpha; [H, W, 3] or [H, W, 4] for colored ones.

        Raises:
            BitstreamError: the file is damaged.
            ArgumentError: the region is not four integers, or does not lie inside the image.
            LimitError: there are more than ``max_pixels`` to decode.
            ModelError: the model it was encoded with is not installed.
            TypeError: the data are neither bytes nor an open binary file: a path, for one.
        """
        return self.decode_picture(data, region, max_pixels, native).to_array()

    def decode_image(
        self,
        data: Source,
        region: tuple[int, int, int, int] | None = None,
        *,
        native: bool = False,
        max_pixels: int = DEFAULT_MAX_PIXELS,
    ) -> Image.Image:
        """Decode to a Pillow image with its metadata; otherwise as :meth:`decode`."""
        return self.decode_picture(data, region, max_pixels, native).to_image()

    def decode_picture(
        self,
        data: Source,
        region: tuple[int, int, int, int] | None = None,
        max_pixels: int = DEFAULT_MAX_PIXELS,
        native: bool = False,
    ) -> Picture:
        """Decode to pixels, alpha and metadata; otherwise as :meth:`decode`."""
        reader = ContainerReader(data)
        header = reader.header
        box = Box(0, 0, header.width, header.height) if region is None else region_box(region)
        check_inside(box, header.width, header.height)
        out = coded_box(box, header.scale) if native else box
        _check_pixels(Box(0, 0, header.width, header.height) if header.has_alpha else out, max_pixels)
        needed = out if native else needed_box(box, header.width, header.height, header.scale)
        controls = self._controls_in(header)
        pixels = self._decoder(header.model_id).decode(reader.tile, header.grid, controls, needed)
        if not native:
            pixels = enlarge(pixels, box, header.width, header.height, header.scale, self.engine.threads)
        alpha = None
        if coded := reader.alpha():
            plane = decode_alpha(coded, header.height, header.width)
            plane = shrink(plane, header.scale) if native else plane
            alpha = np.ascontiguousarray(plane[out.top : out.top + out.height, out.left : out.left + out.width])
        return Picture(pixels, header.mode, alpha, reader.metadata())

    def object_map(self, data: Source, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> NDArray[np.float32]:
        """Read from a file where the objects are, as its encoder found them or was told. The picture is not decoded.

        Args:
            data: content of a ``.fov`` file, or the open file.
            max_pixels: refuse the map of a picture of more.

        Returns:
            float32 [⌈H/16⌉, ⌈W/16⌉]: what an error counted in each 16×16 pixels, 1 where surely an object is, least
            where surely none is.

        Raises:
            BitstreamError: the file is damaged.
            LimitError: the picture has more than ``max_pixels``.
            ModelError: the model it was encoded with is not installed, or has no map of objects.
        """
        reader = ContainerReader(data)
        header = reader.header
        _check_pixels(Box(0, 0, header.width, header.height), max_pixels)
        model = self._model_of(header.model_id)
        if model.region == Region.NONE:
            raise ModelError(f"{model.name}, with which the file was encoded, has no map of objects")
        found = self._decoder(header.model_id).object_map(reader.tile, header.grid, self._controls_in(header))
        return map_at_full_scale(found, header.width, header.height, header.scale, STRIDE)

    def encode_batch(
        self, images: Iterable[ImageLike], quality: float = DEFAULT_QUALITY, *, keep_metadata: bool = True
    ) -> Iterator[bytes]:
        """Encode many images, several at once, in order; see :meth:`encode`. Memory does not grow with their number."""
        return stream(
            lambda image: self.encode(image, quality, keep_metadata=keep_metadata), images, self.engine.threads
        )

    def decode_batch(
        self, files: Iterable[Source], *, max_pixels: int = DEFAULT_MAX_PIXELS
    ) -> Iterator[NDArray[np.uint8]]:
        """Decode many files, several at once, in order; see :meth:`decode`. Memory does not grow with their number."""
        return stream(lambda file: self.decode(file, max_pixels=max_pixels), files, self.engine.threads)

    def _model_of(self, model_id: bytes) -> Model:
        return self.model if model_id == self.model.id else load_model(model_id)

    def _controls_in(self, header: Header) -> Controls:
        """Return the controls with which a file was encoded.

        Raises:
            BitstreamError: the file has a background, and its model has no control of it.
        """
        model = self._model_of(header.model_id)
        if header.background and model.backgrounds is None:
            raise BitstreamError(
                f"the file has the background {header.background}, but {model.name}, with which it was encoded, has no"
                " control of the background: the file is damaged"
            )
        return model.controls(header.quality, header.background)

    def _decoder(self, model_id: bytes) -> PictureDecoder:
        """The decoder of a model; the least recently used is closed when there are too many."""
        model = self._model_of(model_id)
        with self._lock:
            if model_id not in self._decoders:
                prior = self._prior.get() if model is self.model else PriorNetworks(model, self.engine)
                self._decoders[model_id] = PictureDecoder(model, self.engine, prior)
            self._decoders.move_to_end(model_id)
            while len(self._decoders) > _DECODERS:
                self._decoders.popitem(last=False)
            return self._decoders[model_id]


def _open_encoder(
    model: Model, engine: Engine, prior: PerProcess[PriorNetworks], encoder: str | None
) -> PictureEncoder:
    return PictureEncoder(model, engine, prior.get(), encoder)


def _check_space(header: Header, metadata: Metadata, alpha: bytes | None, size: int) -> None:
    """Check that a file of a size has space for all but the tiles, so that not every quality is tried in vain.

    Raises:
        ImageError: it has not. The message says what to leave out.
    """
    least = len(write(Container(header, (b"",) * header.grid.tiles, metadata, alpha)))
    if least <= size:
        return
    parts, advice = ["the header"], ["allow more bytes"]
    if block := metadata.exif + metadata.icc + metadata.xmp:
        parts.append(f"{len(block)} bytes of metadata")
        advice.insert(0, "leave out the metadata (keep_metadata=False, --no-metadata)")
    if alpha:
        parts.append(f"{len(alpha)} bytes of alpha")
        advice.insert(0, "convert the image to one without alpha")
    raise ImageError(
        f"no file has at most {size} bytes, as asked for: without any pixels it has {least}, for {' and '.join(parts)};"
        f" {', or '.join(advice)}"
    )


def _alpha_of(picture: Picture) -> bytes | None:
    return None if picture.alpha is None else encode_alpha(picture.alpha)


@lru_cache(maxsize=8)
def _shared_codec(model: str) -> Codec:
    return Codec(model)


def default_codec(model: str | None = None) -> Codec:
    """The codec behind :func:`encode`, :func:`decode` and the Pillow plugin, made once for each model."""
    return _shared_codec(model or DEFAULT_MODEL)


def encode(image: ImageLike, quality: float = DEFAULT_QUALITY, model: str | None = None) -> bytes:
    """Encode an image with an installed model; see :meth:`Codec.encode`."""
    return default_codec(model).encode(image, quality)


def decode(
    data: Source,
    region: tuple[int, int, int, int] | None = None,
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> NDArray[np.uint8]:
    """Decode a ``.fov`` file; see :meth:`Codec.decode`."""
    return default_codec().decode(data, region, max_pixels=max_pixels)


def _check_pixels(box: Box, max_pixels: int) -> None:
    if box.width * box.height > max_pixels:
        raise LimitError(
            f"{box.width}x{box.height} pixels are not decoded:"
            f" more than {max_pixels} have to be allowed by max_pixels (--max-pixels)"
        )


__all__ = [
    "DEFAULT_MODEL",
    "DEFAULT_QUALITY",
    "Codec",
    "decode",
    "default_codec",
    "encode",
]
