"""Pictures that are coded smaller than they are.

The coded size is a number of eighths of the size of the picture, rounded up. A group of eight pixels of the picture,
counted from the left or from the top, becomes ``scale`` coded pixels. The interpolation is bicubic (Keys, "Cubic
Convolution Interpolation for Digital Image Processing", 1981, with a = -1/2). The weights for enlarging are fractions
whose denominators are powers of two, so they have no rounding errors. :func:`fovea.picture.resizing.resized` sums their
products with the pixels in integers, first along the rows and then along the columns. Therefore every machine gives the
same pixels.
"""

import numpy as np
from numpy.typing import NDArray

from fovea.bitstream import Box
from fovea.parallel import parallel
from fovea.picture.resizing import resized
from fovea.spec import FULL_SCALE, scaled

_REACH = 3
"""Number of coded pixels on either side on which an enlarged pixel may depend, plus one."""
_STRIP = 256
"""Number of rows of the picture that a thread works on at a time, a multiple of eight."""
_MARGIN = 24
"""Number of further rows on either side on which the rows of a shrunk strip may depend, a multiple of eight."""


def shrink(samples: NDArray[np.uint8], scale: int, threads: int = 1) -> NDArray[np.uint8]:
    """Return a picture, or a map of a picture, at the coded size.

    Args:
        samples: uint8 [H, W, 3] or [H, W].
        scale: size in eighths, 1 to 8.
        threads: number of threads that may work at the same time.

    Returns:
        uint8 [⌈H·scale/8⌉, ⌈W·scale/8⌉, 3] or without the last axis.

    Example:
        >>> shrink(np.full((5, 9), 200, np.uint8), 4).shape
        (3, 5)
    """
    if scale == FULL_SCALE:
        return samples
    filled = _filled(samples, FULL_SCALE)
    small = np.empty((*(scaled(side, scale) for side in samples.shape[:2]), *samples.shape[2:]), np.uint8)

    def strip(start: int) -> None:
        above = max(start - _MARGIN, 0)
        part = _resized(filled[above : start + _STRIP + _MARGIN], FULL_SCALE, scale)
        rows = small[start // FULL_SCALE * scale : (start + _STRIP) // FULL_SCALE * scale]
        first = (start - above) // FULL_SCALE * scale
        rows[:] = part[first : first + len(rows), : small.shape[1]]

    parallel(strip, range(0, len(filled), _STRIP), threads)
    return small


def _filled(samples: NDArray[np.uint8], group: int) -> NDArray[np.uint8]:
    """Return a picture with whole groups of rows and of columns: the edge is repeated to fill the last ones."""
    padding = [(0, -side % group) for side in samples.shape[:2]] + [(0, 0)] * (samples.ndim - 2)
    return np.pad(samples, padding, mode="edge") if np.any(padding) else samples


def _resized(samples: NDArray[np.uint8], group: int, pixels: int) -> NDArray[np.uint8]:
    """Return a picture in which each group of rows and of columns has become a number of pixels."""
    height, width = (side // group * pixels for side in samples.shape[:2])
    return resized(samples, width, height)


def coded_box(region: Box, scale: int) -> Box:
    """Return the box of the coded pixels that cover a region of a picture.

    Args:
        region: region, in pixels of the picture.
        scale: size in eighths, 1 to 8.

    Example:
        >>> coded_box(Box(9, 0, 8, 8), scale=4)
        Box(left=4, top=0, width=5, height=4)
    """
    (left, width), (top, height) = (
        (start * scale // FULL_SCALE, scaled(start + length, scale) - start * scale // FULL_SCALE)
        for start, length in ((region.left, region.width), (region.top, region.height))
    )
    return Box(left, top, width, height)


def needed_box(region: Box, width: int, height: int, scale: int) -> Box:
    """Return the box of the coded pixels that :func:`enlarge` needs for a region of a picture.

    Args:
        region: region, in pixels of the picture.
        width: width of the picture.
        height: height of the picture.
        scale: size in eighths, 1 to 8.

    Example:
        >>> needed_box(Box(0, 0, 8, 8), 100, 8, scale=4)
        Box(left=0, top=0, width=8, height=4)
    """
    if scale == FULL_SCALE:
        return region
    left, right = _needed(region.left, region.left + region.width, width, scale)
    top, bottom = _needed(region.top, region.top + region.height, height, scale)
    coded_right, coded_bottom = min(right * scale, scaled(width, scale)), min(bottom * scale, scaled(height, scale))
    return Box(left * scale, top * scale, coded_right - left * scale, coded_bottom - top * scale)


def enlarge(
    coded: NDArray[np.uint8], region: Box, width: int, height: int, scale: int, threads: int
) -> NDArray[np.uint8]:
    """Return a region of a picture from the coded pixels. A pixel has the same value in every region.

    Args:
        coded: coded pixels in the box that :func:`needed_box` returns, uint8 [h, w, 3].
        region: region, in pixels of the picture.
        width: width of the picture.
        height: height of the picture.
        scale: size in eighths, 1 to 8.
        threads: number of threads that may work at the same time.

    Returns:
        uint8 [region.height, region.width, 3].
    """
    if scale == FULL_SCALE:
        return coded
    box = needed_box(region, width, height, scale)
    out = np.empty((region.height, region.width, 3), np.uint8)

    def strip(start: int) -> None:
        rows = Box(region.left, start, region.width, min(_STRIP, region.top + region.height - start))
        needed = needed_box(rows, width, height, scale)
        part = coded[needed.top - box.top : needed.top - box.top + needed.height]
        out[start - region.top : start - region.top + rows.height] = _enlarge(part, rows, needed, scale)

    parallel(strip, range(region.top, region.top + region.height, _STRIP), threads)
    return out


def _enlarge(coded: NDArray[np.uint8], region: Box, box: Box, scale: int) -> NDArray[np.uint8]:
    large = _resized(_filled(coded, scale), scale, FULL_SCALE)
    top, left = region.top - box.top // scale * FULL_SCALE, region.left - box.left // scale * FULL_SCALE
    return large[top : top + region.height, left : left + region.width]


def _needed(start: int, stop: int, length: int, scale: int) -> tuple[int, int]:
    """Return the first group of eight pixels that is needed for a range of pixels, and the group after the last one."""
    margin = -(-_REACH // scale)
    groups = -(-length // FULL_SCALE)
    return max(0, start // FULL_SCALE - margin), min(groups, -(-stop // FULL_SCALE) + margin)


def map_at_full_scale(
    values: NDArray[np.float32], width: int, height: int, scale: int, stride: int
) -> NDArray[np.float32]:
    """Return a map of a picture, given the map of its coded pixels.

    Args:
        values: one value for each square of coded pixels, [⌈h/stride⌉, ⌈w/stride⌉].
        width: width of the picture.
        height: height of the picture.
        scale: size in eighths, 1 to 8.
        stride: number of pixels along either side of a square.

    Returns:
        One value for each square of pixels of the picture, [⌈H/stride⌉, ⌈W/stride⌉].
    """
    rows, columns = (
        np.minimum((2 * np.arange(-(-length // stride)) + 1) * scale // (2 * FULL_SCALE), size - 1)
        for length, size in zip((height, width), values.shape, strict=True)
    )
    return values[np.ix_(rows, columns)]
