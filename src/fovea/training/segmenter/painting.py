"""What the segmenter is to see: the class and the object of each pixel."""

from collections.abc import Sequence

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fovea.datasets import object_region
from fovea.errors import DatasetError
from fovea.training.data import Labeled
from fovea.training.patches import Annotations

_COUNTED = np.iinfo(np.uint8).max


class Painter:
    """Draws the class of each pixel, and the number of its object, small objects over large ones.

    Args:
        images: whose annotations tell what classes there are.

    Raises:
        DatasetError: there is none, or more than bytes count.
    """

    def __init__(self, images: Sequence[Labeled]) -> None:
        categories = sorted({annotation.category_id for image in images for annotation in image.annotations or ()})
        if not categories:
            raise DatasetError("the segmenter learns from annotations, and there are none")
        if len(categories) > _COUNTED:
            raise DatasetError(f"{len(categories)} classes are more than the segmenter tells apart, {_COUNTED}")
        self.number = {category: number for number, category in enumerate(categories, 1)}

    def __call__(self, annotations: Annotations, height: int, width: int) -> NDArray[np.uint8]:
        """Draw on an image of this size: uint8 [height, width, 2], 0 where nothing is."""
        drawn = np.zeros((height, width, 2), np.uint8)
        regions = [
            (object_region(annotation.segmentation, annotation.box, height, width), annotation)
            for annotation in annotations or ()
            if not annotation.crowd
        ]
        ordered = sorted(regions, key=lambda one: -int(one[0].sum()))
        for number, (region, annotation) in enumerate(ordered):
            drawn[region] = self.number[annotation.category_id], 1 + number % _COUNTED
        return drawn


def targets(drawn: Tensor) -> tuple[Tensor, Tensor]:
    """Classes in the middle of 8×8 pixels, int64 [B, H/8, W/8]; and where 4×4 pixels touch the edge of an object."""
    number = drawn[:, 1:].float()
    edge = F.max_pool2d(number, 5, 1, 2) != -F.max_pool2d(-number, 5, 1, 2)
    return drawn[:, 0, 4::8, 4::8].long(), F.max_pool2d(edge.float(), 4)
