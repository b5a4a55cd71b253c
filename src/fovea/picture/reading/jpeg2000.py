"""JPEG 2000 files whose samples Pillow misreads."""

from typing import Any

from PIL import Image

from fovea.errors import ImageError

_CODESTREAM = b"\xff\x4f\xff\x51"  # the markers SOC and SIZ
_COMPONENTS = 40  # bytes from the start of SOC to the number of components; three bytes for each component follow


def load_jpeg2000(image: Any) -> Image.Image:
    """Load a JPEG 2000 image.

    Args:
        image: image that Pillow opened.

    Returns:
        The image.

    Raises:
        ImageError: the samples are signed, or are colors of more than 8 bits. Pillow rounds the brightest of these
            colors to 256 and stores it as 0, so that white becomes black.
    """
    if image.tile:
        image.fp.seek(0)
        data = image.fp.read()
        start = data.find(_CODESTREAM) + _COMPONENTS
        count = int.from_bytes(data[start : start + 2], "big")
        depths = data[start + 2 : start + 2 + 3 * count : 3]
        if any(depth >= 128 for depth in depths):
            raise ImageError("Pillow misreads JPEG 2000 with signed samples: save the image with unsigned samples")
        if count > 1 and any(depth >= 8 for depth in depths):
            raise ImageError("Pillow misreads JPEG 2000 with more than 8 bits per color: save the image as PNG or TIFF")
    image.load()
    return image  # type: ignore[no-any-return]
