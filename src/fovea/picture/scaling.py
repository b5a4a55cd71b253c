"""Pictures that are coded smaller than they are.

The coded size is a number of eighths of the size of the picture, rounded up: eight pixels of the picture belong to
``scale`` coded pixels, counted from the left and from the top. Bicubic interpolation (Keys, "Cubic Convolution
Interpolation for Digital Image Processing", 1981, with a = -1/2) shrinks and enlarges. When a picture is enlarged, its
weights are fractions whose denominators are powers of two. They have no rounding errors, and Pillow adds up their
products with pixels in integers: every machine gives the same pixels.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fovea.bitstream import Box
from fovea.parallel import parallel
from fovea.spec import FULL_SCALE, scaled

_REACH = 3
"""Coded pixels on either side that an enlarged pixel may depend on, and one more."""
_STRIP = 256
"""Rows that a thread enlarges at once."""


def shrink(samples: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Return a picture, or a map of it, at the size that is coded.

    Args:
        samples: uint8 [H, W, 3] or [H, W].
        scale: size in eighths, 1 to 8.

    Returns:
        uint8 [⌈H·scale/8⌉, ⌈W·scale/8⌉, 3] or without the last axis.

    Example:
        >>> shrink(np.full((5, 9), 200, np.uint8), 4).shape
        (3, 5)
    """
    if scale == FULL_SCALE:
        return samples
    height, width = samples.shape[:2]
    padding = [(0, -height % FULL_SCALE), (0, -width % FULL_SCALE), (0, 0)][: samples.ndim]
    padded = Image.fromarray(np.pad(samples, padding, mode="edge"))
    size = (padded.width * scale // FULL_SCALE, padded.height * scale // FULL_SCALE)
    small = np.asarray(padded.resize(size, Image.Resampling.BICUBIC))
    return np.ascontiguousarray(small[: scaled(height, scale), : scaled(width, scale)])


def coded_box(region: Box, scale: int) -> Box:
    """Return the coded pixels that cover a part of a picture.

    Args:
        region: the part, in pixels of the picture.
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
    """Return the coded pixels that :func:`enlarge` needs for a part of a picture.

    Args:
        region: the part, in pixels of the picture.
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
    """Return a part of a picture from the coded pixels. Each pixel is the same whatever the part.

    Args:
        coded: uint8 [h, w, 3], the pixels of :func:`needed_box`.
        region: the part, in pixels of the picture.
        width: width of the picture.
        height: height of the picture.
        scale: size in eighths, 1 to 8.
        threads: number of threads that may work at the same time.

    Returns:
        uint8 [region.height, region.width, 3].
    """
    if scale == FULL_SCALE:
        return coded
    place = needed_box(region, width, height, scale)
    out = np.empty((region.height, region.width, 3), np.uint8)

    def strip(start: int) -> None:
        rows = Box(region.left, start, region.width, min(_STRIP, region.top + region.height - start))
        needed = needed_box(rows, width, height, scale)
        part = coded[needed.top - place.top : needed.top - place.top + needed.height]
        out[start - region.top : start - region.top + rows.height] = _enlarge(part, rows, needed, scale)

    parallel(strip, range(region.top, region.top + region.height, _STRIP), threads)
    return out


def _enlarge(coded: NDArray[np.uint8], region: Box, place: Box, scale: int) -> NDArray[np.uint8]:
    # At the right and the bottom end of the picture the last eight pixels may be fewer: there the edge is repeated.
    padded = np.pad(coded, [(0, -side % scale) for side in coded.shape[:2]] + [(0, 0)], mode="edge")
    size = (padded.shape[1] // scale * FULL_SCALE, padded.shape[0] // scale * FULL_SCALE)
    large = np.asarray(Image.fromarray(padded).resize(size, Image.Resampling.BICUBIC))
    top, left = region.top - place.top // scale * FULL_SCALE, region.left - place.left // scale * FULL_SCALE
    return large[top : top + region.height, left : left + region.width]


def _needed(start: int, stop: int, length: int, scale: int) -> tuple[int, int]:
    """First and last group of eight pixels, with those that interpolation reaches to."""
    margin = -(-_REACH // scale)
    groups = -(-length // FULL_SCALE)
    return max(0, start // FULL_SCALE - margin), min(groups, -(-stop // FULL_SCALE) + margin)


def map_at_full_scale(
    found: NDArray[np.float32], width: int, height: int, scale: int, stride: int
) -> NDArray[np.float32]:
    """Return a map of the coded picture as a map of the picture.

    Args:
        found: [⌈h/stride⌉, ⌈w/stride⌉], one value for each square of coded pixels.
        width: width of the picture.
        height: height of the picture.
        scale: size in eighths, 1 to 8.
        stride: number of pixels along either side of a square.

    Returns:
        [⌈H/stride⌉, ⌈W/stride⌉].
    """
    rows, columns = (
        np.minimum((2 * np.arange(-(-length // stride)) + 1) * scale // (2 * FULL_SCALE), size - 1)
        for length, size in zip((height, width), found.shape, strict=True)
    )
    return found[np.ix_(rows, columns)]
