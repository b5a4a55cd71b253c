"""Maps of regions of an image."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fovea.errors import ImageError
from fovea.picture.arrays import as_array, to_eight_bits

RegionLike = Image.Image | NDArray[Any]
"""A gray image, black outside and white inside; or an array [H, W]: bool, uint8 to 255, or floats to 1."""


def region_map(region: RegionLike, width: int, height: int) -> NDArray[np.uint8]:
    """Brings a map to the form that the encoder takes.

    Args:
        region: the map.
        width: of the image that it belongs to.
        height: of the image.

    Returns:
        uint8 [height, width], 0 outside, 255 inside, and between where it is a matter of degree.

    Raises:
        ImageError: the map has another size than the image, or more than one channel.

    Example:
        >>> region_map(np.array([[True, False]]), width=2, height=1)
        array([[255,   0]], dtype=uint8)
    """
    samples = np.asarray(region.convert("L")) if isinstance(region, Image.Image) else to_eight_bits(as_array(region))
    if samples.shape != (height, width):
        shown = " x ".join(str(size) for size in reversed(samples.shape))
        raise ImageError(f"the map of the region of interest is {shown}, the image {width} x {height}")
    return samples


def enlarged_map(found: NDArray[np.floating[Any]], width: int, height: int) -> NDArray[np.uint8]:
    """Brings what :meth:`fovea.Codec.object_map` gives to the size of its image.

    Args:
        found: [⌈height/16⌉, ⌈width/16⌉], 0..1.
        width: of the image, pixels.
        height: of the image.

    Returns:
        uint8 [height, width], which :func:`region_map` takes.

    Example:
        >>> enlarged_map(np.array([[0.2, 1.0]]), width=18, height=1)[0, 14:]
        array([ 51,  51, 255, 255], dtype=uint8)
    """
    side = 16
    levels: NDArray[np.uint8] = np.rint(255 * found).astype(np.uint8)
    return levels.repeat(side, axis=0)[:height].repeat(side, axis=1)[:, :width]


def fill_boxes(boxes: Iterable[Iterable[float]], height: int, width: int) -> NDArray[np.bool_]:
    """Marks all pixels that boxes touch, so that no part of an object is left out.

    Args:
        boxes: left, top, right and bottom of each, in pixels; they may reach out of the image.
        height: of the image.
        width: of the image.

    Returns:
        [height, width], True inside.

    Example:
        >>> fill_boxes([(0.9, 0, 2.1, 1)], height=2, width=4).astype(int)
        array([[1, 1, 1, 0],
               [0, 0, 0, 0]])
    """
    marked = np.zeros((height, width), np.bool_)
    for left, top, right, bottom in boxes:
        rows = slice(max(0, math.floor(top)), max(0, math.ceil(bottom)))
        marked[rows, max(0, math.floor(left)) : max(0, math.ceil(right))] = True
    return marked
