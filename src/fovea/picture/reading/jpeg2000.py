"""JPEG 2000 files whose samples Pillow misreads."""

from typing import IO, Any

from PIL import Image

from fovea.errors import ImageError

_CODESTREAM = b"\xff\x4f\xff\x51"  # the markers SOC and SIZ
_COMPONENTS = 40  # bytes from the start of SOC to the number of components; three bytes for each component follow
_SCALED = {"L": {0}, "LA": {0, 1}, "RGBA": {3}}
"""Bands of fewer than 8 bits that can be scaled, by mode. Colors may be luma and chroma in the file, so they cannot."""


def load_jpeg2000(image: Any) -> Image.Image:
    """Load a JPEG 2000 image.

    Args:
        image: image that Pillow opened.

    Returns:
        The image; another one if gray or alpha has fewer than 8 bits, of which Pillow makes the highest bits of 8.

    Raises:
        ImageError: the samples are signed, or are colors or indices of fewer than 8 bits, or colors of more than 8
            bits. Pillow rounds the brightest of the latter to 256 and stores it as 0, so that white becomes black.
    """
    if not image.tile:
        return image  # type: ignore[no-any-return]
    codes = _depth_codes(image.fp)
    if any(code >= 128 for code in codes):
        raise ImageError("Pillow misreads JPEG 2000 with signed samples: save the image with unsigned samples")
    if len(codes) > 1 and any(code >= 8 for code in codes):
        raise ImageError("Pillow misreads JPEG 2000 with more than 8 bits per color: save the image as PNG or TIFF")
    narrow = {band for band, code in enumerate(codes) if code < 7}
    if not narrow <= _SCALED.get(image.mode, set()):
        raise ImageError("Pillow misreads JPEG 2000 with fewer than 8 bits per color: save the image as PNG or TIFF")
    image.load()
    if not narrow:
        return image  # type: ignore[no-any-return]
    return image.point([level for code in codes for level in _levels(code + 1)])  # type: ignore[no-any-return]


def _depth_codes(file: IO[bytes]) -> bytes:
    """Return for each component its number of bits less one, plus 128 if its samples are signed."""
    file.seek(0)
    data = file.read()
    start = data.find(_CODESTREAM) + _COMPONENTS
    count = int.from_bytes(data[start : start + 2], "big")
    return data[start + 2 : start + 2 + 3 * count : 3]


def _levels(bits: int) -> list[int]:
    """Return the level in 0..255 of each byte whose highest bits are a sample."""
    largest = 2**bits - 1
    return [round((byte >> (8 - bits)) * 255 / largest) for byte in range(256)]
