"""ICNS files, whose images may be PNG or JPEG 2000 files of their own size."""

import io
from typing import IO

from PIL import IcnsImagePlugin, Image, Jpeg2KImagePlugin, PngImagePlugin

from fovea.errors import ImageError


def open_icns(file: IO[bytes], _filename: str) -> Image.Image:
    """Open an ICNS file.

    Args:
        file: binary file that can seek. It must stay open.

    Returns:
        The image. Its pixels are not loaded.

    Raises:
        ImageError: the image is larger than its place in the file allows. Pillow decodes it before it fails.
        Exception: Pillow raises errors of many kinds if the file is damaged or not an ICNS.
    """
    icon = IcnsImagePlugin.IcnsImageFile(file, "")
    for name, read in icon.icns.SIZES[icon.best_size]:
        if read is IcnsImagePlugin.read_png_or_jpeg2000 and name in icon.icns.dct:
            width, height = _size_of(file, *icon.icns.dct[name])
            if width > icon.width or height > icon.height:
                raise ImageError(
                    f"an ICNS with an image of {width}x{height} pixels in place of {icon.width}x{icon.height}:"
                    " it is damaged"
                )
    return icon


def _size_of(file: IO[bytes], start: int, length: int) -> tuple[int, int]:
    file.seek(start)
    content = io.BytesIO(file.read(length))
    is_png = content.getvalue().startswith(b"\x89PNG")
    return (PngImagePlugin.PngImageFile if is_png else Jpeg2KImagePlugin.Jpeg2KImageFile)(content).size
