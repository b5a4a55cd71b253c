"""Random pictures of the dead leaves model, on which the task loss is calibrated without any data."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

_OVERSAMPLING = 2
"""Factor by which a picture is drawn larger, so that the edges of discs are smooth."""
_LEAVES = 1200
"""Number of discs."""
_RADIUS = (2, 128)
"""Smallest and largest radius in pixels."""


def dead_leaves(size: int, seed: int) -> NDArray[np.uint8]:
    """Return a random picture of discs of one color that occlude each other.

    Objects that occlude each other at all distances explain much of the statistics of natural images: sharp edges
    between smooth areas, and the same spectrum at all scales. The density of the radii falls with their third power.
    Source: Lee, Mumford and Huang, "Occlusion Models for Natural Images: A Statistical Study of a Scale-Invariant Dead
    Leaves Model" (International Journal of Computer Vision, 2001).

    Args:
        size: side of the picture in pixels.
        seed: seed of the discs.

    Returns:
        uint8 [size, size, 3].

    Example:
        >>> picture = dead_leaves(64, seed=0)
        >>> picture.shape, bool(picture.std() > 20)
        ((64, 64, 3), True)
    """
    random = np.random.default_rng(seed)
    side = size * _OVERSAMPLING
    canvas = Image.new("RGB", (side, side))
    draw = ImageDraw.Draw(canvas)
    smallest, largest = (radius * _OVERSAMPLING for radius in _RADIUS)
    for _ in range(_LEAVES):
        radius = random.uniform(largest**-2, smallest**-2) ** -0.5
        x, y = random.uniform(-0.1 * side, 1.1 * side, 2)
        color = np.clip(random.normal(120, 50) + random.normal(0, 20, 3), 0, 255).astype(int)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tuple(color.tolist()))
    return np.asarray(canvas.resize((size, size), Image.Resampling.BOX))
