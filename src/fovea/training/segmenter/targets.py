"""The targets of the segmenter: the class and the object of each pixel."""

from collections.abc import Sequence

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fovea.datasets import object_region
from fovea.errors import DatasetError
from fovea.training.data.images import TrainingImage
from fovea.training.data.masks import Annotations

_MOST_CLASSES = np.iinfo(np.uint8).max


class ClassPainter:
    """Paints the class and the number of the object of each pixel, small objects over large ones.

    Args:
        images: images whose annotations define the classes.

    Raises:
        DatasetError: there are no annotations, or more classes than a byte can number.
    """

    def __init__(self, images: Sequence[TrainingImage]) -> None:
        categories = sorted({annotation.category_id for image in images for annotation in image.annotations or ()})
        if not categories:
            raise DatasetError("the segmenter learns from annotations, and the images have none")
        if len(categories) > _MOST_CLASSES:
            raise DatasetError(f"{len(categories)} classes are too many: the segmenter knows at most {_MOST_CLASSES}")
        self.class_of = {category: number for number, category in enumerate(categories, 1)}

    @property
    def classes(self) -> int:
        """The number of classes, without the background."""
        return len(self.class_of)

    def __call__(self, annotations: Annotations, height: int, width: int) -> NDArray[np.uint8]:
        """Return classes and objects of an image of this size: uint8 [height, width, 2], 0 on the background."""
        painted = np.zeros((height, width, 2), np.uint8)
        regions = [
            (object_region(annotation.segmentation, annotation.box, height, width), annotation)
            for annotation in annotations or ()
            if not annotation.crowd
        ]
        ordered = sorted(regions, key=lambda pair: -int(pair[0].sum()))
        for number, (region, annotation) in enumerate(ordered):
            painted[region] = self.class_of[annotation.category_id], 1 + number % _MOST_CLASSES
        return painted


def targets(painted: Tensor) -> tuple[Tensor, Tensor]:
    """Return the targets of painted maps [B, 2, H, W].

    Returns:
        The class in the middle of each square of 8×8 pixels, int64 [B, H/8, W/8]; and 1 where a square of 4×4 pixels
        touches the edge of an object, otherwise 0, float32 [B, 1, H/4, W/4].
    """
    number = painted[:, 1:].float()
    edge = F.max_pool2d(number, 5, 1, 2) != -F.max_pool2d(-number, 5, 1, 2)
    return painted[:, 0, 4::8, 4::8].long(), F.max_pool2d(edge.float(), 4)
