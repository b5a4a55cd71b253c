"""Resizing with bicubic interpolation: by Pillow, or by a module in C that gives the same pixels several times as fast.

A pixel of the result is a weighted sum of neighbors in one row, and then in one column. The sums are made of integers
and rounded after each direction, so every machine gives the same pixels.
"""

import importlib
from functools import lru_cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SUPPORT = 2.0
"""Number of pixels on either side that the interpolation takes into account where it enlarges."""
_PRECISION = 22
"""Number of bits of the fraction of a weight in Pillow."""


def _in_c() -> ModuleType | None:
    try:
        return importlib.import_module("fovea.picture._resize")
    except ImportError:  # it was built without a compiler
        return None


_RESIZE = _in_c()


def resized(samples: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture of another size: uint8 [height, width, 3] or [height, width].

    Args:
        samples: uint8 [H, W, 3] or [H, W].
        width: new width.
        height: new height.

    Example:
        >>> resized(np.full((8, 8), 200, np.uint8), 4, 2)
        array([[200, 200, 200, 200],
               [200, 200, 200, 200]], dtype=uint8)
    """
    if _RESIZE is None:
        return by_pillow(samples, width, height)
    out = np.empty((height, width, *samples.shape[2:]), np.uint8)
    rows, columns, *channels = samples.shape
    sides = *weights(columns, width), *weights(rows, height)
    _RESIZE.resize(out, np.ascontiguousarray(samples), rows, columns, *channels or [1], *sides)
    return out


def by_pillow(samples: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return what :func:`resized` returns.

    Pillow rounds between the two directions, and which of them comes first depends on the sizes. So it is given one
    direction at a time.
    """
    rows = Image.fromarray(samples).resize((width, samples.shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(rows.resize((width, height), Image.Resampling.BICUBIC))


@lru_cache(maxsize=16)
def weights(length: int, size: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return what each pixel of a resized side is made of, as Pillow computes it.

    Args:
        length: length of the side.
        size: new length.

    Returns:
        The first pixels, int32 [size], and the weights of the pixels from there on in units of 2⁻²², int32 [size, n].

    Example:
        >>> starts, factors = weights(4, 8)
        >>> starts, factors[3] / 2**22
        (array([0, 0, 0, 0, 0, 0, 0, 0], dtype=int32), array([-0.0703125,  0.8671875,  0.2265625, -0.0234375]))
    """
    scale = length / size
    stretch = max(scale, 1.0)
    centers = (np.arange(size) + 0.5) * scale
    firsts = np.maximum((centers - _SUPPORT * stretch + 0.5).astype(np.int64), 0)
    stops = np.minimum((centers + _SUPPORT * stretch + 0.5).astype(np.int64), length)
    taps = int((stops - firsts).max())
    starts = np.minimum(firsts, length - taps)
    pixels = starts[:, None] + np.arange(taps)
    factors = _bicubic((pixels - centers[:, None] + 0.5) / stretch)
    factors[(pixels < firsts[:, None]) | (pixels >= stops[:, None])] = 0
    factors /= factors.sum(axis=1, keepdims=True)
    rounded = np.trunc(factors * 2**_PRECISION + np.where(factors < 0, -0.5, 0.5))
    return starts.astype(np.int32), rounded.astype(np.int32)


def _bicubic(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of pixels at some distances (Keys 1981, with a = -1/2)."""
    x = np.abs(distances)
    near, far = (1.5 * x - 2.5) * x * x + 1, (((x - 5) * x + 8) * x - 4) * -0.5
    return np.where(x < 1, near, np.where(x < 2, far, 0))
