"""The pixels of an image as its file means them."""

from collections.abc import Callable
from typing import Any

from PIL import Image

from fovea.picture.reading.jpeg import load_jpeg
from fovea.picture.reading.jpeg2000 import load_jpeg2000
from fovea.picture.reading.jpegxl import load_jpegxl
from fovea.picture.reading.png import load_png
from fovea.picture.reading.tiff import load_tiff

# What Pillow opens has the attributes of its format, which the type of an image does not show: hence Any.
_LOADERS: dict[str | None, Callable[[Any], Image.Image]] = {
    "JPEG": load_jpeg,
    "JPEG2000": load_jpeg2000,
    "JXL": load_jpegxl,
    "MPO": load_jpeg,
    "PNG": load_png,
    "TIFF": load_tiff,
}


def load(image: Image.Image) -> Image.Image:
    """Load an image.

    Args:
        image: An image, opened by Pillow or made in memory.

    Returns:
        The image, or another with all that belongs to it where Pillow reads something else than the file means.

    Raises:
        ImageError: Pillow misreads the file, and there is no way around that.
        Exception: Pillow's plugins let errors of every kind through.
    """
    if loader := _LOADERS.get(image.format):
        return loader(image)
    image.load()
    return image
