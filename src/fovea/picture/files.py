"""Opening image files."""

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
from fovea.picture.reading import decoded_formats, open_image, raise_if_out_of_memory, reason_of, register_installed


def image_suffixes() -> Collection[str]:
    """Suffixes, in lower case, of the files that are taken as images where a folder is given; Fovea's own are not."""
    register_installed()
    decoded = set(decoded_formats())
    return {suffix for suffix, kind in Image.registered_extensions().items() if kind in decoded} - {".fov"}


def open_picture(
    source: str | PathLike[str] | Source, keep_metadata: bool = True, max_pixels: int = DEFAULT_MAX_PIXELS
) -> Picture:
    """Read an image file of any format that Pillow decodes by itself; of several frames or pages the first.

    HEIC and JPEG XL are among them where ``pillow-heif`` and ``pillow-jxl-plugin`` are installed.

    Args:
        source: Path, content, or open binary file: on disk, compressed, a pipe, an answer of a server.
        keep_metadata: As for :meth:`Picture.from_image`.
        max_pixels: Refuse an image of more, before its pixels are unpacked.

    Returns:
        The picture.

    Raises:
        ImageError: The file is missing, empty, damaged, too large, no image, or one that Pillow misreads; or the source
            is none of these. The error names the file.
        MemoryError: The image does not fit into memory.
    """
    name = str(source) if isinstance(source, str | PathLike) else str(getattr(source, "name", "the input"))
    with about(name), opened(source, max_pixels) as image:
        return Picture.from_image(image, keep_metadata)


@contextmanager
def opened(source: str | PathLike[str] | Source, max_pixels: int = MAX_PIXELS) -> Iterator[Image.Image]:
    """Open an image file of any format that Pillow decodes by itself, whatever its name says.

    Args:
        source: Path, content, or open binary file.
        max_pixels: Refuse an image of more.

    Yields:
        The image, its pixels not loaded.

    Raises:
        ImageError: The file does not open, or what is done to the image fails. The error does not tell the file.
        MemoryError: Memory runs out.
    """
    try:
        with _file(source) as file, open_image(file) as image:
            check_size(*image.size)
            if image.width * image.height > max_pixels:
                raise ImageError(
                    f"an image of {image.width}x{image.height} pixels is not decoded:"
                    f" more than {max_pixels} have to be allowed by max_pixels (--max-pixels)"
                )
            yield image
    except FoveaError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(reason_of(error)) from error
    except Exception as error:  # Pillow's plugins let errors of every kind through.
        raise_if_out_of_memory(error)
        says = "" if isinstance(error, OSError) else "the image cannot be read: "
        raise ImageError(says + reason_of(error)) from error


def _file(source: str | PathLike[str] | Source) -> AbstractContextManager[IO[bytes]]:
    """A source as a file that plugins read well."""
    if isinstance(source, str | PathLike):
        return Path(source).open("rb")
    file = as_file(source)
    if isinstance(file, io.BytesIO) or isinstance(getattr(file, "raw", file), io.FileIO | OnDisk):
        return nullcontext(file)
    # The number of, say, a compressed file is that of the file that is compressed; some plugins read by number.
    file.seek(0)
    return nullcontext(io.BytesIO(file.read()))
