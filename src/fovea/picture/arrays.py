"""Arrays of any common kind as 8-bit samples."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fovea.errors import ImageError

_CHUNK_SAMPLES = 2**22


def to_eight_bits(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale samples of any accepted type to 0..255, rounding to nearest.

    Args:
        samples: Any shape; uint8 (as it is), bool (False, True), uint16 (0..65535) or floating point (0..1).

    Returns:
        uint8 samples of the same shape; the same array where it was uint8.

    Raises:
        ImageError: Another type, or floats outside 0..1.

    Example:
        >>> to_eight_bits(np.array([0.0, 0.5, 1.0]))
        array([  0, 128, 255], dtype=uint8)
    """
    if samples.dtype == np.uint8:
        return samples
    if not _is_uint16(samples) and samples.dtype.kind not in "bf":
        raise ImageError(f"samples of type {samples.dtype}: expected uint8, uint16, bool, or floats in 0..1")
    scaled = np.empty(samples.shape, np.uint8)
    # In chunks of rows, because the wider type in between takes up to eight times the memory of the result.
    rows = max(1, _CHUNK_SAMPLES * len(samples) // max(1, samples.size))
    for top in range(0, len(samples), rows):
        scaled[top : top + rows] = _scaled(samples[top : top + rows])
    return scaled


def _is_uint16(samples: NDArray[Any]) -> bool:
    # In either byte order, which a comparison of dtypes would tell apart.
    return samples.dtype.kind == "u" and samples.dtype.itemsize == 2


def _scaled(samples: NDArray[Any]) -> NDArray[Any]:
    if _is_uint16(samples):
        return (samples.astype(np.uint32) + 128) // 257
    if samples.dtype.kind == "b":
        return samples * np.uint8(255)
    if not ((samples >= 0) & (samples <= 1)).all():
        raise ImageError("floating-point samples outside 0..1: scale the image to 0..1, or to uint8")
    return np.floor(samples.astype(np.float64) * 255 + 0.5)
