"""BLP files, whose images may be JPEG files of their own size."""

import io
import struct
from typing import IO

from PIL import BlpImagePlugin, Image, JpegImagePlugin

from fovea.errors import ImageError

_JPEG = b"BLP1\0\0\0\0"
"""Start of a file that holds a JPEG."""
_TABLES = 28
"""Position of the offsets and the lengths of 16 images, and of the start of the JPEG, which all images share."""


def open_blp(file: IO[bytes], _filename: str) -> Image.Image:
    """Open a BLP file.

    Args:
        file: binary file that can seek. It must stay open.

    Returns:
        The image. Its pixels are not loaded.

    Raises:
        ImageError: the size of its JPEG is not that of the image. Pillow decodes the JPEG, and takes its first pixels.
        Exception: Pillow raises errors of many kinds if the file is damaged or not a BLP.
    """
    image = BlpImagePlugin.BlpImageFile(file, "")
    file.seek(0)
    if file.read(len(_JPEG)) == _JPEG and (size := _jpeg_size(file)) != image.size:
        raise ImageError(
            f"a BLP with a JPEG of {size[0]}x{size[1]} pixels in place of {image.width}x{image.height}: it is damaged"
        )
    return image


def _jpeg_size(file: IO[bytes]) -> tuple[int, int]:
    file.seek(_TABLES)
    offsets, lengths = (struct.unpack("<16I", file.read(64)) for _ in range(2))
    (shared,) = struct.unpack("<I", file.read(4))
    start = file.read(shared)
    file.seek(offsets[0])
    return JpegImagePlugin.JpegImageFile(io.BytesIO(start + file.read(lengths[0]))).size
