"""What the errors of a pixel weigh, by the objects that are annotated there."""

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from fovea.datasets import Annotation, object_region

MaskSource = Literal["mask", "box"]

LARGE = 96**2
"""Area in pixels from which on COCO calls an object large."""
WEIGHT_STEP = 1 / 16
"""Weights are kept as bytes that count these, which holds any up to 15.9."""
_EDGE = 2
"""Pixels on either side of the outline of an object that are its edge."""


def object_weights(
    annotations: Iterable[Annotation],
    height: int,
    width: int,
    source: MaskSource = "mask",
    dilation: int = 0,
    small: float = 0.0,
    edges: float = 0.0,
) -> NDArray[np.uint8]:
    """How much an error counts at each pixel of an image, in steps of ``WEIGHT_STEP``.

    Args:
        annotations: of the image. An object without a mask is filled as its box.
        height: of the image, pixels.
        width: of the image, pixels.
        source: "mask", or "box" to fill the boxes of all objects.
        dilation: grow every object by so many pixels on every side.
        small: an object of area a, if not large, weighs (96²/a)^small: recognizers are judged by the object, errors
            are summed by the pixel. 0 gives all objects the same weight.
        edges: how much more than the rest of an object its edge weighs, on both sides of its outline.

    Returns:
        uint8 [height, width]: 0 outside objects, 16 on them, more where ``small`` or ``edges`` say so; where objects
        overlap the largest weight counts.

    Example:
        >>> object_weights([Annotation(1, 1, box=(1, 0, 2, 1), area=2)], height=2, width=4)
        array([[ 0, 16, 16,  0],
               [ 0,  0,  0,  0]], dtype=uint8)
    """
    weights = np.zeros((height, width), np.float32)
    for annotation in annotations:
        segmentation = annotation.segmentation if source == "mask" else None
        region = object_region(segmentation, annotation.box, height, width).view(np.uint8)
        weight = np.float32(max(1.0, LARGE / max(1, int(region.sum()))) ** small)
        edge = _grown(region, _EDGE) - _shrunk(region, _EDGE) if edges else 0
        np.maximum(weights, weight * (_grown(region, dilation) + edges * edge), out=weights)
    counted: NDArray[np.uint8] = np.minimum(np.rint(weights / WEIGHT_STEP), 255).astype(np.uint8)
    return counted


def _grown(region: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(region).filter(ImageFilter.MaxFilter(2 * pixels + 1))) if pixels else region


def _shrunk(region: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
    return 1 - _grown(1 - region, pixels)
