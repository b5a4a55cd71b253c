"""Image files to arrays and back, in one call each."""

import os
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from fovea.arguments import ImageLike
from fovea.atomic import writing
from fovea.bitstream import DEFAULT_MAX_PIXELS, MAGIC
from fovea.codec import DEFAULT_QUALITY, Codec, default_codec
from fovea.errors import ArgumentError, ImageError, about
from fovea.picture import open_picture

SUFFIX = ".fov"


def imread(
    path: str | os.PathLike[str], *, codec: Codec | None = None, max_pixels: int = DEFAULT_MAX_PIXELS
) -> NDArray[np.uint8]:
    """Read an image file as an array of RGB.

    The file is a ``.fov`` file or any image that :func:`fovea.picture.open_picture` reads; the content tells which,
    and what is named ``.fov`` must be one. The picture comes as viewers show it: upright, and in sRGB.

    Those who know ``imread`` of OpenCV find two differences: the channels are red, green, blue (OpenCV: blue, green,
    red), and a file that cannot be read is an error (OpenCV: ``None``).

    Args:
        path: path of the file.
        codec: codec that decodes a ``.fov`` file; by default the one of :func:`fovea.decode`.
        max_pixels: refuse a picture of more, before any work.

    Returns:
        uint8 [H, W, 3], channels red, green, blue. Gray is three equal channels, and alpha is left out;
        :func:`fovea.decode` keeps both.

    Raises:
        ImageError: the file is missing or cannot be read, is no image or a damaged one, or has too many pixels.
        BitstreamError: the file is a ``.fov`` file that is damaged or has too many pixels.
        ModelError: the model that the file was encoded with is not installed.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "blue.fov")
        ...     imwrite(path, np.full((30, 40, 3), (20, 40, 200), np.uint8), quality=80)
        ...     pixels = imread(path)
        >>> pixels.shape, pixels.dtype, bool(pixels[15, 20, 2] > pixels[15, 20, 0])
        ((30, 40, 3), dtype('uint8'), True)
    """
    path = Path(path)
    try:
        file = path.open("rb")
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror or error}", path=path) from error
    with file:
        if file.peek(len(MAGIC)).startswith(MAGIC) or path.suffix.lower() == SUFFIX:
            return _decoded(file, path, codec or default_codec(), max_pixels)
        return open_picture(file, keep_metadata=False, max_pixels=max_pixels).to_rgb()


def _decoded(file: IO[bytes], path: Path, codec: Codec, max_pixels: int) -> NDArray[np.uint8]:
    with about(path):
        return codec.decode_picture(file, max_pixels=max_pixels).shown().to_rgb()


def imwrite(
    path: str | os.PathLike[str], pixels: ImageLike, quality: float = DEFAULT_QUALITY, *, codec: Codec | None = None
) -> None:
    """Write an image as a ``.fov`` file.

    The file appears, or replaces an existing one, only when it is complete. Missing folders are made. Channels are
    red, green, blue: turn an image of OpenCV with ``pixels[..., ::-1]``.

    Args:
        path: path of the file, which ends in ``.fov``.
        pixels: array [H, W], [H, W, 3] in RGB, or [H, W, 4] in RGB and alpha, of uint8 (0..255), uint16 (0..65535) or
            floating point (0..1); or a Pillow image, or a picture.
        quality: 0 (smallest file) to 100 (best picture).
        codec: codec that encodes; by default the one of :func:`fovea.encode`.

    Raises:
        ArgumentError: the name of the file has another suffix, or the quality is out of range.
        ImageError: the image cannot be coded, or is none.
        FoveaError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != SUFFIX:
        raise ArgumentError(f"imwrite writes {SUFFIX} files: give the file that suffix", path=path)
    with about(path):
        data = (codec or default_codec()).encode(pixels, quality)
    with writing(path) as file:
        file.write(data)
