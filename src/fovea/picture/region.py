"""Maps of the region of interest, for models whose encoder takes one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fovea.errors import ImageError
from fovea.picture.arrays import to_eight_bits

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
    samples = np.asarray(region.convert("L")) if isinstance(region, Image.Image) else to_eight_bits(region)
    if samples.shape != (height, width):
        shown = " x ".join(str(size) for size in reversed(samples.shape))
        raise ImageError(f"the map of the region of interest is {shown}, the image {width} x {height}")
    return samples
