"""JPEG 2000."""

from typing import Any

from PIL import Image

from fovea.errors import ImageError

_CODESTREAM = b"\xff\x4f\xff\x51"  # the markers SOC and SIZ
_COMPONENTS = 40  # from there to the number of components; three bytes for each of them follow


def load_jpeg2000(image: Any) -> Image.Image:
    """Load a JPEG 2000 image.

    Raises:
        ImageError: Its samples are signed, or it has color of more than 8 bits. Pillow rounds the brightest of those up
            to 256, which it stores as 0: white becomes black.
    """
    if image.tile:
        image.fp.seek(0)
        data = image.fp.read()
        start = data.find(_CODESTREAM) + _COMPONENTS
        count = int.from_bytes(data[start : start + 2], "big")
        depths = data[start + 2 : start + 2 + 3 * count : 3]
        if any(depth >= 128 for depth in depths):
            raise ImageError("a JPEG 2000 of signed samples, which Pillow misreads: save it with unsigned ones")
        if count > 1 and any(depth >= 8 for depth in depths):
            raise ImageError("a JPEG 2000 of more than 8 bits a color, which Pillow misreads: save it as PNG or TIFF")
    image.load()
    return image  # type: ignore[no-any-return]
