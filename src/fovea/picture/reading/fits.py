"""FITS files, whose header says which numbers the stored samples stand for."""

from collections.abc import Mapping
from typing import IO, Any

import numpy as np
from PIL import Image

from fovea.errors import ImageError

_CARD = 80
_BLOCK = 2880
"""Headers and data each take a multiple of this number of bytes."""
_RAW_MODES = {8: "L", 16: "I;16B", 32: "I;32B", -32: "F;32BF", -64: "F;64BF"}
"""How Pillow's decoder names samples, by their BITPIX. Before version 13, Pillow takes them for little-endian."""
_LARGEST = {"L": 255, "I;16": 65535, "I": 65535}
"""The number that is white, by the mode in which Pillow gives the stored integers."""


def load_fits(image: Any) -> Image.Image:
    """Load a FITS image.

    Pillow gives the samples as they are stored, and those of 16 bits without their sign. The image has
    ``BZERO + BSCALE * sample``. For example, cameras store 0 to 65,535 as -32,768 to 32,767 with a BZERO of 32,768.

    Args:
        image: image that Pillow opened.

    Returns:
        The image, or another one of the numbers that the samples stand for.

    Raises:
        ImageError: the data are a table or compressed, a pixel has no value, or it is not certain which number is
            white.
    """
    if not image.tile:
        return image  # type: ignore[no-any-return]
    header = _header(image.fp)
    scale, zero = (_number(header.get(name, standard)) for name, standard in ((b"BSCALE", b"1"), (b"BZERO", b"0")))
    if header.get(b"XTENSION", b"'IMAGE").rstrip(b"' ") != b"'IMAGE":
        raise ImageError("a FITS of a table, or of compressed samples: save it as a FITS of a plain image")
    if abs(scale) != 1 or zero != round(zero):
        raise ImageError(
            f"a FITS of samples that are scaled by {scale:g} from {zero:g}, which does not say what is white: save it"
            " with a BSCALE of 1"
        )
    raw_mode = _RAW_MODES.get(int(_number(header[b"BITPIX"])))
    if raw_mode is None:
        raise ImageError("a FITS with samples of a number of bits that the standard does not know: it is damaged")
    image.tile = [tile._replace(args=(raw_mode, 0, -1)) for tile in image.tile]
    image.load()
    samples = np.asarray(image)
    stored = samples.view("<i2") if image.mode == "I;16" else samples
    if b"BLANK" in header and image.mode in _LARGEST and (stored == _number(header[b"BLANK"])).any():
        raise ImageError("a FITS with pixels that have no value (BLANK): give them one")
    if (scale, zero) == (1, 0) and stored is samples:
        return image  # type: ignore[no-any-return]
    result = Image.fromarray(_values(stored, scale, zero, _LARGEST.get(image.mode)))
    result.info = dict(image.info)
    return result


def _header(file: IO[bytes]) -> Mapping[bytes, bytes]:
    """Return the values in the first header whose data are not empty, which is the header that Pillow follows."""
    file.seek(0)
    header: dict[bytes, bytes] = {}
    while card := file.read(_CARD):
        name, value = card[:8].strip(), card[8:]
        if value.startswith(b"="):
            header[name] = value[1:].partition(b"/")[0].strip()
        elif name == b"END":
            if _number(header.get(b"NAXIS", b"0")):
                return header
            header = {}
            file.seek(-(-file.tell() // _BLOCK) * _BLOCK)
    raise ImageError("a FITS without an image: it is damaged")


def _number(value: bytes) -> float:
    """Return a number of a header. Its exponent may follow a D, as in Fortran."""
    number = float(value.replace(b"D", b"E"))
    if not np.isfinite(number):
        raise ImageError("a FITS with a number in its header that is not finite: it is damaged")
    return number


def _values(stored: np.ndarray[Any, Any], scale: float, zero: float, largest: int | None) -> np.ndarray[Any, Any]:
    """Return what samples stand for: 8 or 16 bits for integers, which have a ``largest`` value, else float32."""
    kind = np.float32 if largest is None else np.uint8 if largest == 255 else np.uint16
    values = np.empty(stored.shape, kind)
    for row, target in zip(stored, values, strict=True):  # a whole image of 64-bit numbers would take much memory
        numbers = zero + scale * row.astype(np.float64)
        if largest is not None and (numbers.min() < 0 or numbers.max() > largest):
            raise ImageError(f"a FITS of numbers outside 0..{largest}: scale the image to 0..{largest}")
        target[:] = numbers
    return values
