"""Opening image files."""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from os import PathLike
from typing import IO

from PIL import Image, UnidentifiedImageError

from fovea.errors import FoveaError, ImageError
from fovea.picture.picture import Picture

# Pillow tells these by their first bytes, but decodes them not at all, or by another program that has to be there.
_NOT_DECODED = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}

_limit_lock = threading.Lock()


def image_suffixes() -> Collection[str]:
    """Suffixes, in lower case, of the files that are taken as images where a folder is given; Fovea's own are not."""
    formats, decoded = Image.registered_extensions(), _decoded()
    return {suffix for suffix, kind in formats.items() if kind in decoded} - {".fov"}


def _decoded() -> Collection[str]:
    """Formats that Pillow decodes by itself."""
    Image.init()
    return Image.OPEN.keys() - _NOT_DECODED


def open_picture(source: str | PathLike[str] | IO[bytes], keep_metadata: bool = True) -> Picture:
    """Read an image file of any format that Pillow decodes by itself; of several frames or pages the first.

    Args:
        source: Path, or open binary file.
        keep_metadata: As for :meth:`Picture.from_image`.

    Returns:
        The picture.

    Raises:
        ImageError: The file is missing, empty, damaged, too large, or no image. The message names it.
    """
    name = str(source) if isinstance(source, str | PathLike) else str(getattr(source, "name", "the input"))
    try:
        with opened(source) as image:
            return Picture.from_image(image, keep_metadata)
    except ImageError as error:
        raise ImageError(f"{name}: {error}") from error


@contextmanager
def opened(source: str | PathLike[str] | IO[bytes]) -> Iterator[Image.Image]:
    """Open an image file of any format that Pillow decodes by itself, whatever its name says.

    Args:
        source: Path, or open binary file.

    Yields:
        The image, its pixels not loaded.

    Raises:
        ImageError: The file does not open, or what is done to the image fails. The message does not name the file.
    """
    try:
        with _own_size_limit():
            image = Image.open(source, formats=tuple(_decoded()))
        with image:
            yield image
    except FoveaError as error:
        raise ImageError(str(error)) from error
    except UnidentifiedImageError as error:
        raise ImageError("no image of a format that Pillow decodes") from error
    except OSError as error:
        raise ImageError(error.strerror or str(error)) from error
    except Exception as error:  # Pillow's plugins let errors of every kind through.
        raise ImageError(f"the image cannot be read: {' '.join(str(error).split())}") from error


@contextmanager
def _own_size_limit() -> Iterator[None]:
    """Leave the limit on pixels to Picture: Pillow's own warns below it, and knows no way but this global."""
    with _limit_lock:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit
