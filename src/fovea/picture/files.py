"""Reading image files."""

import io
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from os import PathLike
from pathlib import Path
from typing import IO

from PIL import Image, UnidentifiedImageError

from fovea.bitstream import DEFAULT_MAX_PIXELS, MAX_PIXELS, OnDisk, Source, as_file
from fovea.errors import FoveaError, ImageError, about
from fovea.picture.picture import Picture, check_size
from fovea.picture.reading import (
    decoded_formats,
    decoded_size,
    open_image,
    raise_if_out_of_memory,
    reason_of,
    register_installed,
)


def image_suffixes() -> Collection[str]:
    """Return the suffixes, in lower case, of the image files that can be read. ``.fov`` is not among them."""
    register_installed()
    decoded = set(decoded_formats())
    return {suffix for suffix, kind in Image.registered_extensions().items() if kind in decoded} - {".fov"}


def open_picture(
    source: str | PathLike[str] | Source, keep_metadata: bool = True, max_pixels: int = DEFAULT_MAX_PIXELS
) -> Picture:
    """Read an image file of any format that Pillow decodes without another program.

    A file of several frames or pages gives the first one. HEIC and JPEG XL need the packages ``pillow-heif`` and
    ``pillow-jxl-plugin``.

    Args:
        source: path, content, or open binary file, such as a compressed file, a pipe or the response of a server.
        keep_metadata: whether the picture keeps its metadata, as for :meth:`Picture.from_image`.
        max_pixels: largest number of pixels. A larger image, or an image in a larger tile, is refused before its pixels
            are decompressed.

    Returns:
        The picture.

    Raises:
        ImageError: the file is missing, empty, damaged, too large, not an image, or an image that Pillow misreads; or
            the source is of another type. The error names the file.
        MemoryError: the image does not fit into memory.
    """
    # The name of an open file may also be its number, None, or a method.
    name = source if isinstance(source, str | PathLike) else getattr(source, "name", None)
    with about(name if isinstance(name, str | PathLike) else "the input"), opened(source, max_pixels) as image:
        return Picture.from_image(image, keep_metadata)


@contextmanager
def opened(source: str | PathLike[str] | Source, max_pixels: int = MAX_PIXELS) -> Iterator[Image.Image]:
    """Open an image file of any format that Pillow decodes without another program. Its suffix does not matter.

    Args:
        source: path, content, or open binary file.
        max_pixels: largest number of pixels. A larger image, or an image in a larger tile, is refused.

    Yields:
        The image. Its pixels are not loaded.

    Raises:
        ImageError: the file cannot be opened, or the block raises an error of Pillow. The error does not name the file.
        MemoryError: the image does not fit into memory.
    """
    try:
        with _file(source) as file, open_image(file) as image:
            check_size(*image.size)
            width, height = decoded_size(image)
            if width * height > max_pixels:
                what = "an image" if (width, height) == image.size else "a tile"
                raise ImageError(
                    f"{what} of {width}x{height} pixels is not decoded:"
                    f" more than {max_pixels} have to be allowed by max_pixels (--max-pixels)"
                )
            yield image
    except FoveaError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(reason_of(error)) from error
    except Exception as error:  # the plugins of Pillow raise errors of every kind
        raise_if_out_of_memory(error)
        context = "" if isinstance(error, OSError) else "the image cannot be read: "
        raise ImageError(context + reason_of(error)) from error


def _file(source: str | PathLike[str] | Source) -> AbstractContextManager[IO[bytes]]:
    """Return a source as a file that every plugin can read."""
    if isinstance(source, str | PathLike):
        return Path(source).open("rb")
    file = as_file(source)
    if isinstance(file, io.BytesIO) or isinstance(getattr(file, "raw", file), io.FileIO | OnDisk):
        return nullcontext(file)
    # Some plugins read a file by its descriptor, which for a compressed file, for example, gives the compressed bytes.
    file.seek(0)
    return nullcontext(io.BytesIO(file.read()))
