"""Conversion of arrays of common types to 8-bit samples."""

from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fovea.errors import ImageError

_CHUNK_SAMPLES = 2**22


def as_array(image: Any) -> NDArray[Any]:
    """Return an image as an array.

    Args:
        image: array of NumPy, or of a library that NumPy understands, such as a PyTorch tensor in main memory.

    Returns:
        The array of NumPy, which shares the memory if possible.

    Raises:
        ImageError: the image is not an array. The message says what to do with a path, a file, bytes or None.

    Example:
        >>> as_array("photo.jpg")
        Traceback (most recent call last):
        fovea.errors.ImageError: expected a Pillow image or an array, not str: open the path with PIL.Image.open(...)
    """
    if hasattr(image, "__array__") or hasattr(image, "__array_interface__"):
        try:
            return np.asarray(image)
        except Exception as error:  # PyTorch raises different errors for tensors on a GPU and tensors with a gradient.
            raise ImageError(f"this {type(image).__name__} is no array: {' '.join(str(error).split())}") from error
    advice = ""
    if isinstance(image, str | PathLike):
        advice = ": open the path with PIL.Image.open(...)"
    elif hasattr(image, "read"):
        advice = ": open the file with PIL.Image.open(...)"
    elif isinstance(image, bytes | bytearray | memoryview):
        advice = ": open an image file in memory with PIL.Image.open(io.BytesIO(...))"
    elif image is None:
        advice = ", which cv2.imread gives for a file that it cannot read"
    elif isinstance(image, list | tuple):
        advice = ": many images go to encode_batch, and numbers go to numpy.array(...)"
    raise ImageError(f"expected a Pillow image or an array, not {_type_name(image)}{advice}")


def _type_name(value: object) -> str:
    return "None" if value is None else type(value).__name__


def to_eight_bits(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale samples to 0..255 and round them to the nearest integer.

    Args:
        samples: array of any shape: uint8 (0..255), bool (False, True), uint16 (0..65535) or floating point (0..1).

    Returns:
        uint8 array of the same shape. A uint8 array is returned as it is.

    Raises:
        ImageError: the type is another one, or floating-point samples are outside 0..1.

    Example:
        >>> to_eight_bits(np.array([0.0, 0.5, 1.0]))
        array([  0, 128, 255], dtype=uint8)
    """
    if samples.dtype == np.uint8:
        return samples
    if not _is_uint16(samples) and samples.dtype.kind not in "bf":
        raise ImageError(f"samples of type {samples.dtype}: expected uint8, uint16, bool, or floats in 0..1")
    scaled = np.empty(samples.shape, np.uint8)
    # The samples are scaled in chunks of rows, because the wider intermediate type takes up to eight times as much
    # memory as the result.
    rows = max(1, _CHUNK_SAMPLES * len(samples) // max(1, samples.size))
    for top in range(0, len(samples), rows):
        scaled[top : top + rows] = _scaled(samples[top : top + rows])
    return scaled


def _is_uint16(samples: NDArray[Any]) -> bool:
    # A comparison of dtypes would be true for one byte order only.
    return samples.dtype.kind == "u" and samples.dtype.itemsize == 2


def _scaled(samples: NDArray[Any]) -> NDArray[Any]:
    if _is_uint16(samples):
        return (samples.astype(np.uint32) + 128) // 257
    if samples.dtype.kind == "b":
        return samples * np.uint8(255)
    if not ((samples >= 0) & (samples <= 1)).all():
        raise ImageError("floating-point samples are outside 0..1: scale the image to 0..1, or to uint8")
    return np.floor(samples.astype(np.float64) * 255 + 0.5)
