"""numcodecs: a compressor for chunks of pixels, **with losses**: what is read differs from what was written.

It is for version 2 of the Zarr format and for other formats that use numcodecs; :mod:`fovea.integrations.zarr` is for
version 3. Where Fovea is installed, numcodecs finds it by the name ``fovea``.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numcodecs.abc import Codec
from numcodecs.compat import ensure_bytes, ndarray_copy
from numpy.typing import NDArray

from fovea.arguments import quality_number
from fovea.bitstream import DEFAULT_MAX_PIXELS
from fovea.codec import DEFAULT_QUALITY, default_codec
from fovea.errors import ImageError

NAME = "fovea"
"""The name of the codec in the metadata of arrays."""


class FovCompressor(Codec):  # type: ignore[misc]  # the package has no types
    """Compressor of chunks uint8 [H, W, 3] or [1, H, W, 3], **with losses**.

    Args:
        quality: 0 (smallest file) to 100 (best picture).

    Raises:
        ArgumentError: the quality is out of range.

    Example:
        >>> chunk = np.zeros((48, 64, 3), np.uint8)
        >>> codec = FovCompressor(quality=40)
        >>> codec.decode(codec.encode(chunk)).shape, codec.get_config()
        ((48, 64, 3), {'id': 'fovea', 'quality': 40})
    """

    codec_id = NAME

    def __init__(self, quality: float = DEFAULT_QUALITY) -> None:
        self.quality = quality_number(quality)

    def encode(self, buf: NDArray[Any]) -> bytes:
        """Return a chunk as the content of a ``.fov`` file.

        Raises:
            ImageError: the chunk has another type or shape, or is in Fortran order.
        """
        chunk = np.asarray(buf)
        # What decodes a chunk does not learn its order. Zarr would take the decoded bytes for pixels in Fortran order.
        if not chunk.flags.c_contiguous and chunk.flags.f_contiguous:
            raise ImageError('a chunk is in Fortran order: make the array with order="C"')
        return encode_chunk(chunk, self.quality)

    def decode(self, buf: Any, out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """Return the pixels of a chunk, uint8 [H, W, 3], or ``out`` filled with them.

        Raises:
            BitstreamError: the chunk is damaged.
        """
        pixels: NDArray[np.uint8] = ndarray_copy(decode_chunk(ensure_bytes(buf)), out)
        return pixels


def check_chunk(shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Check that a chunk holds one picture.

    Raises:
        ImageError: it is not uint8 [H, W, 3], or has axes before these that are longer than 1.
    """
    if dtype != np.uint8 or len(shape) < 3 or shape[-1] != 3 or any(length != 1 for length in shape[:-3]):
        raise ImageError(f"a chunk is {dtype} {list(shape)}: expected one picture, uint8 [H, W, 3] or [1, H, W, 3]")


def encode_chunk(chunk: NDArray[Any], quality: float) -> bytes:
    """Return a chunk as the content of a ``.fov`` file.

    Args:
        chunk: uint8 [H, W, 3], possibly with axes of length 1 before these.
        quality: 0 to 100.

    Raises:
        ImageError: the chunk has another type or shape, or is too large.
    """
    check_chunk(chunk.shape, chunk.dtype)
    return default_codec().encode(np.ascontiguousarray(chunk).reshape(chunk.shape[-3:]), quality)


def decode_chunk(data: bytes, max_pixels: int = DEFAULT_MAX_PIXELS) -> NDArray[np.uint8]:
    """Return the pixels of a chunk.

    Args:
        data: content of a ``.fov`` file.
        max_pixels: largest number of pixels that are decoded.

    Returns:
        uint8 [H, W, 3].

    Raises:
        BitstreamError: the data are damaged, or hold more than ``max_pixels``.
    """
    return default_codec().decode_picture(data, max_pixels=max_pixels).to_rgb()
