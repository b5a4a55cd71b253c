"""Maps of regions of interest."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fovea.errors import ImageError
from fovea.picture.arrays import as_array, to_eight_bits
from fovea.picture.pixels import DEEP_MODES, deep_gray
from fovea.spec import STRIDE

RegionLike = Image.Image | NDArray[Any]
"""A gray image, black outside the region and white inside, where white is 255 in 8 bits, 65,535 in modes of more bits,
and 1 in mode F; or an array [H, W]: bool, uint8 0..255, or floats 0..1."""


def region_map(region: RegionLike, width: int, height: int) -> NDArray[np.uint8]:
    """Return a map of a region in the form that the encoder takes.

    Args:
        region: map of the region.
        width: width of the image.
        height: height of the image.

    Returns:
        uint8 [height, width], 0 outside the region, 255 inside, and values between for partial interest.

    Raises:
        ImageError: the map and the image have different sizes, the map has more than one channel, or its samples are
            outside the range of their type.

    Example:
        >>> region_map(np.array([[True, False]]), width=2, height=1)
        array([[255,   0]], dtype=uint8)
    """
    samples = _samples(region)
    if samples.shape != (height, width):
        size = " x ".join(map(str, reversed(samples.shape)))
        raise ImageError(f"the map of the region of interest is {size}, but the image is {width} x {height}")
    return samples


def _samples(region: RegionLike) -> NDArray[np.uint8]:
    if not isinstance(region, Image.Image):
        return to_eight_bits(as_array(region))
    return deep_gray(np.asarray(region)) if region.mode in DEEP_MODES else np.asarray(region.convert("L"))


def enlarged_map(objects: NDArray[np.floating[Any]], width: int, height: int) -> NDArray[np.uint8]:
    """Return the map of :meth:`fovea.Codec.object_map` at the size of its image.

    Args:
        objects: map of the objects, [⌈height/16⌉, ⌈width/16⌉], 0..1.
        width: width of the image in pixels.
        height: height of the image in pixels.

    Returns:
        uint8 [height, width], which :func:`region_map` takes.

    Example:
        >>> enlarged_map(np.array([[0.2, 1.0]]), width=18, height=1)[0, 14:]
        array([ 51,  51, 255, 255], dtype=uint8)
    """
    levels: NDArray[np.uint8] = np.rint(255 * objects).astype(np.uint8)
    return levels.repeat(STRIDE, axis=0)[:height].repeat(STRIDE, axis=1)[:, :width]


def fill_boxes(boxes: Iterable[Iterable[float]], height: int, width: int) -> NDArray[np.bool_]:
    """Return a mask of all pixels that boxes touch, so that no part of an object is left out.

    Args:
        boxes: left, top, right and bottom of each box in pixels. Boxes may extend beyond the image.
        height: height of the image.
        width: width of the image.

    Returns:
        bool [height, width], True inside the boxes.

    Example:
        >>> fill_boxes([(0.9, 0, 2.1, 1)], height=2, width=4).astype(int)
        array([[1, 1, 1, 0],
               [0, 0, 0, 0]])
    """
    mask = np.zeros((height, width), np.bool_)
    for left, top, right, bottom in boxes:
        rows = slice(max(0, math.floor(top)), max(0, math.ceil(bottom)))
        mask[rows, max(0, math.floor(left)) : max(0, math.ceil(right))] = True
    return mask
