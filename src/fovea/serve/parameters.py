"""The parameters of requests, which are part of the address, and the contents of answers in JSON."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fovea.bitstream import DEFAULT_TILE_SIZE, TILE_UNIT
from fovea.codec import DEFAULT_QUALITY

LARGEST_TILE = DEFAULT_TILE_SIZE
"""Largest side of a tile, in pixels. The memory of a job grows with the pixels of a tile, about 100 bytes for each."""

Scale = Literal["auto", "1", "7/8", "3/4", "5/8", "1/2", "3/8", "1/4", "1/8"]
Suffix = Literal["png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "ppm"]
Subsampling = Literal["4:2:0", "4:4:4"]
Quality = Annotated[int, Field(ge=0, le=100)]
_MODEL = Field(None, max_length=200, description="Name of a model of /v1/models.  [default: the first of them]")
_BACKGROUND = Field(
    None,
    ge=0,
    le=100,
    description="How much an error outside of objects counts, from 0 (least) to 100 (as much as inside), for models"
    " that have this control.  [default: the choice of the model at this quality]",
)
_SCALE: Any = Field("auto", description="Size at which the picture is coded, as a fraction of its own size.")
_PSNR = "PSNR over the whole picture in dB; null if there is no error."
_PSNR_OBJECTS = "PSNR inside the objects in dB; null if there are no objects or no error."
_METADATA = Field(
    True, description="Keep EXIF, ICC and XMP. Otherwise the picture is turned upright and converted to sRGB."
)


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ComparisonParameters(_Parameters):
    """How a picture is encoded for a comparison."""

    quality: Quality = Field(DEFAULT_QUALITY, description="From 0 (smallest file) to 100 (best picture).")
    model: str | None = _MODEL
    scale: Scale = _SCALE
    background: int | None = _BACKGROUND
    metadata: bool = _METADATA


class EncodeParameters(_Parameters):
    """How a picture is encoded; one of ``quality``, ``target_size`` and ``target_bpp`` may be given."""

    quality: Quality | None = Field(
        None, description=f"From 0 (smallest file) to 100 (best picture).  [default: {DEFAULT_QUALITY}]"
    )
    target_size: int | None = Field(
        None, ge=1, le=2**40, description="Largest size of the file in bytes; the quality is the best that fits."
    )
    target_bpp: float | None = Field(
        None,
        gt=0,
        le=1e6,
        allow_inf_nan=False,
        description="Largest size of the file in bits per pixel; the quality is the best that fits.",
    )
    model: str | None = _MODEL
    scale: Scale = _SCALE
    background: int | None = _BACKGROUND
    tile_size: int = Field(
        DEFAULT_TILE_SIZE,
        ge=TILE_UNIT,
        le=LARGEST_TILE,
        multiple_of=TILE_UNIT,
        description="Largest side of a tile, in pixels.",
    )
    metadata: bool = _METADATA

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if sum(choice is not None for choice in (self.quality, self.target_size, self.target_bpp)) > 1:
            raise ValueError("choose one of quality, target_size and target_bpp")
        return self


class DecodeParameters(_Parameters):
    """What is decoded, and into which format."""

    format: Suffix = Field("png", description="Format of the image.")
    region: str | None = Field(
        None,
        pattern=r"^\d{1,6},\d{1,6},\d{1,6},\d{1,6}$",
        description="Decode this part alone: left, top, width and height in pixels.",
        examples=["100,50,64,64"],
    )
    native: bool = Field(False, description="Keep the size at which the picture is coded.")
    metadata: bool = _METADATA

    @property
    def box(self) -> tuple[int, int, int, int] | None:
        """The region as numbers."""
        if self.region is None:
            return None
        left, top, width, height = map(int, self.region.split(","))
        return left, top, width, height


class MapParameters(_Parameters):
    """How the map of objects is drawn."""

    upright: bool = Field(False, description="Turn the map as viewers turn the picture.")


class Info(BaseModel):
    """The facts of a coded file, which are read without decoding it."""

    bytes: int
    width: int = Field(description="Width of the picture, in pixels.")
    height: int = Field(description="Height of the picture, in pixels.")
    mode: Literal["L", "LA", "RGB", "RGBA"]
    quality: Quality = Field(description="Quality of the coded pixels.")
    background: int = Field(ge=0, le=100, description="How much errors outside of objects count.")
    coded_width: int
    coded_height: int
    bpp: float = Field(description="Bits per pixel of the picture.")
    model: str | None = Field(description="Name of the model; null where its id is unknown.")
    model_id: str = Field(pattern="^[0-9a-f]{16}$")
    installed: bool = Field(description="Whether the model is installed where the service runs.")
    tiles: int
    tile_size: int
    exif_bytes: int
    icc_bytes: int
    xmp_bytes: int


class ServedModel(BaseModel):
    """A model of the service."""

    name: str
    id: str = Field(pattern="^[0-9a-f]{16}$")
    default: bool = Field(description="Whether it encodes where no model is named.")
    region: Literal["none", "found", "searched", "given"] = Field(
        description="Where the region of interest comes from."
    )
    purpose: str
    bits_per_pixel: dict[str, float] = Field(description="Bits per pixel by quality, measured on photographs.")


class Models(BaseModel):
    """The models of the service, and its limits."""

    models: list[ServedModel]
    limits: dict[str, Any] = Field(
        description="Largest body in bytes, largest number of pixels, and longest time in seconds."
    )


class Jpeg(BaseModel):
    """The smallest JPEG that is as exact as the coded picture."""

    bytes: int
    bpp: float
    quality: int = Field(ge=1, le=100, description="Quality of libjpeg.")
    subsampling: Subsampling
    psnr: float | None = Field(description=_PSNR)
    psnr_objects: float | None = Field(description=_PSNR_OBJECTS)


class Comparison(BaseModel):
    """A coded picture, and the JPEG that is as exact."""

    bytes: int
    bpp: float
    model: str
    psnr: float | None = Field(description=_PSNR)
    psnr_objects: float | None = Field(description=_PSNR_OBJECTS)
    objects: float = Field(ge=0, le=1, description="Share of the picture that the encoder takes for objects.")
    compared: Literal["objects", "picture"] = Field(description="Where the errors are compared.")
    jpeg: Jpeg | None = Field(description="null where no JPEG is as exact, or the picture is too large for a JPEG.")
    sentence: str = Field(description="What is compared, in words.")
