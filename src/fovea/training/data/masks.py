"""The weight of errors at each pixel, by the objects that are annotated there."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from fovea.datasets import Annotation, object_region
from fovea.training.data.config import PatchConfig

Annotations = Sequence[Annotation] | None
MapPainter = Callable[[Annotations, int, int], NDArray[np.uint8]]
"""Function from the annotations, the height and the width of an image to maps of its objects."""

LARGE = 96**2
"""Area in pixels from which on COCO calls an object large."""
WEIGHT_STEP = 1 / 16
"""Weights are stored as bytes in units of this step, so the largest weight is 15.9."""
_EDGE = 2
"""Number of pixels on either side of the outline of an object that are its edge."""


def weight_painter(patch: PatchConfig) -> MapPainter:
    """Return a function that paints weights with these settings; every pixel of an image without labels counts."""
    return partial(_weights, patch=patch)


def _weights(annotations: Annotations, height: int, width: int, patch: PatchConfig) -> NDArray[np.uint8]:
    if annotations is None:
        return np.full((height, width), round(1 / WEIGHT_STEP), np.uint8)
    return object_weights(annotations, height, width, patch)


def object_weights(annotations: Iterable[Annotation], height: int, width: int, patch: PatchConfig) -> NDArray[np.uint8]:
    """Return the weight of errors at each pixel of an image, in units of ``WEIGHT_STEP``.

    With ``small_object_exponent`` e, an object of area a below 96² pixels has the weight (96²/a)^e, because scores of
    recognizers count objects while errors are summed over pixels. With ``edge_weight`` w, the edge of an object on both
    sides of its outline has w more than the rest of it.

    Args:
        annotations: annotations of the image. An object without a mask is filled as its box.
        height: height of the image in pixels.
        width: width of the image in pixels.
        patch: source of the masks, dilation, exponent of small objects and weight of edges.

    Returns:
        uint8 [height, width]: 0 outside objects and 16 on them, or more by the two rules above; where objects overlap,
        the largest weight counts.

    Example:
        >>> object_weights([Annotation(1, 1, box=(1, 0, 2, 1), area=2)], 2, 4, PatchConfig())
        array([[ 0, 16, 16,  0],
               [ 0,  0,  0,  0]], dtype=uint8)
    """
    weights = np.zeros((height, width), np.float32)
    for annotation in annotations:
        segmentation = annotation.segmentation if patch.mask_source == "mask" else None
        region = object_region(segmentation, annotation.box, height, width).view(np.uint8)
        weight = np.float32(max(1.0, LARGE / max(1, int(region.sum()))) ** patch.small_object_exponent)
        edge = _dilated(region, _EDGE) - _eroded(region, _EDGE) if patch.edge_weight else 0
        total = weight * (_dilated(region, patch.mask_dilation) + patch.edge_weight * edge)
        np.maximum(weights, total, out=weights)
    counted: NDArray[np.uint8] = np.minimum(np.rint(weights / WEIGHT_STEP), 255).astype(np.uint8)
    return counted


def _dilated(region: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(region).filter(ImageFilter.MaxFilter(2 * pixels + 1))) if pixels else region


def _eroded(region: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
    return 1 - _dilated(1 - region, pixels)
