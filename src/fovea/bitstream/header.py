"""The header of a ``.fov`` file, its fields and their bytes, and the metadata of the picture."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from fovea.bitstream.fields import FieldReader, varint
from fovea.bitstream.grid import TileGrid
from fovea.bitstream.limits import (
    DEFAULT_TILE_SIZE,
    MAX_METADATA_BYTES,
    MAX_PIXELS,
    MAX_SIDE,
    MAX_TILE_SIZE,
    TILE_UNIT,
)
from fovea.errors import BitstreamError, LimitError, UnsupportedVersionError
from fovea.spec import FULL_SCALE, HIGHEST_BACKGROUND, HIGHEST_QUALITY, scaled

# The first byte is neither ASCII nor a start of UTF-8 text, so a transfer as text that strips or recodes it
# shows at once; one that changes line ends further on is found by the checksums.
MAGIC = b"\x8fFOV"
VERSION = 2
MODEL_ID_BYTES = 8

Mode = Literal["L", "RGB", "LA", "RGBA"]
"""Channels of the picture, named as Pillow names them."""

_COLOR, _EXIF, _ICC, _XMP, _ALPHA = (1 << bit for bit in range(5))
_EXTRAS = {"EXIF": _EXIF, "ICC": _ICC, "XMP": _XMP, "alpha": _ALPHA}
_MODES: dict[int, Mode] = {0: "L", _COLOR: "RGB", _ALPHA: "LA", _COLOR | _ALPHA: "RGBA"}
EXTRAS = tuple(_EXTRAS)
"""Names of the parts that may come before the tiles, in their order."""


@dataclass(frozen=True)
class Header:
    """Shape, origin and quality of a coded picture.

    Args:
        model_id: id of the model that decodes the tiles, 8 bytes.
        width: in pixels, 1 to :data:`~fovea.bitstream.MAX_SIDE`.
        height: in pixels, likewise; width x height is at most :data:`~fovea.bitstream.MAX_PIXELS`.
        quality: 0 (smallest file) to 100 (best picture).
        background: how much an error outside of objects counts, 0 (least) to 100 (as much as inside); 0 for a model
            that has no such control.
        scale: size at which the picture is coded, in eighths of its own: 8 for its full size.
        mode: channels of the picture. Tiles always code RGB; ``L`` says it was gray, ``A`` that it has alpha.
        tile_size: largest side of a tile in pixels, a multiple of 64 up to
            :data:`~fovea.bitstream.MAX_TILE_SIZE`.

    Raises:
        LimitError: the picture or its tiles are too large.
        BitstreamError: a field is outside its range.
    """

    model_id: bytes
    width: int
    height: int
    quality: int
    mode: Mode = "RGB"
    tile_size: int = DEFAULT_TILE_SIZE
    background: int = 0
    scale: int = FULL_SCALE

    def __post_init__(self) -> None:
        size = f"{self.width}x{self.height}"
        if self.width < 1 or self.height < 1:
            raise BitstreamError(f"a picture of {size} pixels has no content")
        if max(self.width, self.height) > MAX_SIDE or self.width * self.height > MAX_PIXELS:
            raise LimitError(f"a picture of {size} pixels is too large: at most {MAX_SIDE} a side, {MAX_PIXELS} in all")
        if self.tile_size > MAX_TILE_SIZE:
            raise LimitError(f"tiles of {self.tile_size} pixels are too large: at most {MAX_TILE_SIZE}")
        if self.tile_size < TILE_UNIT or self.tile_size % TILE_UNIT:
            raise BitstreamError(f"tile size {self.tile_size} is not a positive multiple of {TILE_UNIT}")
        if not 0 <= self.quality <= HIGHEST_QUALITY:
            raise BitstreamError(f"quality {self.quality} is not in 0..{HIGHEST_QUALITY}")
        if not 0 <= self.background <= HIGHEST_BACKGROUND:
            raise BitstreamError(f"background {self.background} is not in 0..{HIGHEST_BACKGROUND}")
        if not 1 <= self.scale <= FULL_SCALE:
            raise BitstreamError(f"scale {self.scale} is not in 1..{FULL_SCALE}")
        if len(self.model_id) != MODEL_ID_BYTES:
            raise BitstreamError(f"a model id has {MODEL_ID_BYTES} bytes, not {len(self.model_id)}")
        if self.mode not in get_args(Mode):
            raise BitstreamError(f"mode {self.mode!r} is none of {', '.join(get_args(Mode))}")

    @property
    def coded_width(self) -> int:
        """The width at which the picture is coded, in pixels."""
        return scaled(self.width, self.scale)

    @property
    def coded_height(self) -> int:
        """The height at which the picture is coded, in pixels."""
        return scaled(self.height, self.scale)

    @cached_property
    def grid(self) -> TileGrid:
        """The tiles of the coded picture."""
        return TileGrid(self.coded_width, self.coded_height, self.tile_size)

    @property
    def has_alpha(self) -> bool:
        """Whether the picture has an alpha channel."""
        return self.mode.endswith("A")


def write_fields(header: Header, extras: Iterable[str]) -> bytes:
    """Return the bytes of all fields of the header, with which a file begins.

    Args:
        header: the header.
        extras: those of :data:`EXTRAS` that the file has.
    """
    flags = _COLOR if header.mode.startswith("RGB") else 0
    flags |= sum(_EXTRAS[name] for name in extras)
    coded = bytes([header.quality, header.background, header.scale, header.tile_size // TILE_UNIT])
    return MAGIC + bytes([VERSION, flags]) + header.model_id + coded + varint(header.width) + varint(header.height)


def read_fields(fields: FieldReader) -> tuple[Header, list[str]]:
    """Read what :func:`write_fields` wrote.

    Args:
        fields: a file at its beginning.

    Returns:
        The header, and the names of the parts before the tiles.

    Raises:
        BitstreamError: this is no ``.fov`` file, or a field is outside its range.
        UnsupportedVersionError: the file is of another version of the format, or uses unknown features.
    """
    if fields.take(len(MAGIC)) != MAGIC:
        raise BitstreamError("this is no .fov file: it does not start as one")
    version = fields.byte()
    if version != VERSION:
        advice = "update Fovea" if version > VERSION else "encode its source again"
        raise UnsupportedVersionError(
            f"the file has format version {version}, and this Fovea reads version {VERSION}: {advice}"
        )
    flags = fields.byte()
    if flags & ~(_COLOR | sum(_EXTRAS.values())):
        raise UnsupportedVersionError(f"the file uses features unknown here (flags {flags:#04x}): update Fovea")
    model_id = fields.take(MODEL_ID_BYTES)
    quality, background, scale, tile_units = (fields.byte() for _ in range(4))
    width, height = fields.varint(), fields.varint()
    mode = _MODES[flags & (_COLOR | _ALPHA)]
    header = Header(model_id, width, height, quality, mode, tile_units * TILE_UNIT, background, scale)
    return header, [name for name, flag in _EXTRAS.items() if flags & flag]


@dataclass(frozen=True)
class Metadata:
    """The metadata of a picture, byte for byte as they were found; empty where there are none.

    Args:
        exif: EXIF block, as in Pillow's ``image.info["exif"]``.
        icc: ICC color profile, as in ``image.info["icc_profile"]``.
        xmp: XMP packet, as in ``image.info["xmp"]``.

    Raises:
        LimitError: one of them is larger than :data:`~fovea.bitstream.MAX_METADATA_BYTES`.
    """

    exif: bytes = b""
    icc: bytes = b""
    xmp: bytes = b""

    def __post_init__(self) -> None:
        for name, block in (("EXIF", self.exif), ("ICC", self.icc), ("XMP", self.xmp)):
            check_metadata_size(name, len(block))


def check_metadata_size(name: str, size: int) -> None:
    """Refuse a block of metadata above the limit.

    Raises:
        LimitError: ``size`` is larger than :data:`~fovea.bitstream.MAX_METADATA_BYTES`.
    """
    if size > MAX_METADATA_BYTES:
        raise LimitError(f"{name} metadata of {size} bytes is too large: at most {MAX_METADATA_BYTES}")
