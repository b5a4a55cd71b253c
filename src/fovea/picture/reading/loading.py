"""Loading the pixels of an image as the format of its file defines them."""

from collections.abc import Callable
from typing import Any

from PIL import Image

from fovea.picture.reading.fits import load_fits
from fovea.picture.reading.jpeg import load_jpeg
from fovea.picture.reading.jpeg2000 import load_jpeg2000
from fovea.picture.reading.jpegxl import is_jpeg, load_jpegxl
from fovea.picture.reading.png import load_png
from fovea.picture.reading.psd import load_psd
from fovea.picture.reading.tiff import decoded_tiff_size, load_tiff

# The type is Any, because an image that Pillow opened has attributes of its format, which Image.Image does not declare.
_LOADERS: dict[str | None, Callable[[Any], Image.Image]] = {
    "FITS": load_fits,
    "JPEG": load_jpeg,
    "JPEG2000": load_jpeg2000,
    "JXL": load_jpegxl,
    "MPO": load_jpeg,
    "PNG": load_png,
    "PSD": load_psd,
    "TIFF": load_tiff,
}


def decoded_size(image: Image.Image) -> tuple[int, int]:
    """Return the width and height of what a decoder keeps in memory: the image, or a tile of its file that is larger.

    Args:
        image: image that Pillow opened, and whose pixels are not loaded.

    Raises:
        ImageError: the file is damaged, so that this size is not known.
    """
    return decoded_tiff_size(image) if image.format == "TIFF" else image.size


def load(image: Image.Image) -> Image.Image:
    """Load an image.

    Args:
        image: image that Pillow opened, or that was made in memory.

    Returns:
        The image. If Pillow misreads its file, another image with the correct pixels and the same metadata.

    Raises:
        ImageError: Pillow misreads the file, and the correct pixels cannot be recovered.
        Exception: the plugins of Pillow raise errors of every kind.
    """
    if loader := _LOADERS.get(image.format):
        return loader(image)
    image.load()
    return image


def turned_by_decoder(image: Image.Image) -> bool:
    """Return whether the decoder turns the pixels of an image upright, so that its orientation says nothing of them.

    Args:
        image: image that Pillow opened, loaded or not.
    """
    return image.format == "TIFF" or (image.format == "JXL" and not is_jpeg(image))
