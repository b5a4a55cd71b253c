"""Mean intersection over union of class maps."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IGNORED = 255
"""Label of pixels that count neither as right nor as wrong, as in Cityscapes and Pascal VOC."""


@dataclass(frozen=True)
class Overlaps:
    """How well class maps agree with a reference, image by image."""

    intersection: NDArray[np.int64]
    """[I, C] pixels of the class in both maps."""
    union: NDArray[np.int64]
    """[I, C] pixels of the class in either map."""

    @property
    def miou(self) -> float:
        """Mean over the classes that occur, 0 to 1; pixels of all images are counted together."""
        return float(self.resampled(np.ones((1, len(self.union)), np.int64))[0])

    def resampled(self, draws: NDArray[np.integer]) -> NDArray[np.float64]:
        """Scores resampled sets of images.

        Args:
            draws: [R, I] how often each image is drawn in each resample.

        Returns:
            [R] mean intersection over union; NaN where a resample has no class.
        """
        intersection, union = draws @ self.intersection, draws @ self.union
        occurs = union > 0
        summed = np.where(occurs, intersection / np.maximum(union, 1), 0).sum(axis=1)
        return np.where(occurs.any(axis=1), summed / np.maximum(occurs.sum(axis=1), 1), np.nan)


def overlaps(maps: Iterable[NDArray[np.integer]], reference: Iterable[NDArray[np.integer]], classes: int) -> Overlaps:
    """Compares class maps with reference maps.

    Args:
        maps: [H, W] class indices of each image.
        reference: ground truth of each image, or what the recognizer saw on the original; 255 is left out.
        classes: number of classes.

    Returns:
        Intersections and unions for each image and class.

    Example:
        >>> truth = np.array([[0, 0, 1, 255]])
        >>> overlaps([np.array([[0, 1, 1, 1]])], [truth], 2).miou
        0.5
    """
    counts = [_confusion(found, wanted, classes) for found, wanted in zip(maps, reference, strict=True)]
    confusion = np.array(counts, dtype=np.int64).reshape(-1, classes, classes)
    both = np.diagonal(confusion, axis1=1, axis2=2)
    return Overlaps(both, confusion.sum(axis=1) + confusion.sum(axis=2) - both)


def _confusion(found: NDArray[np.integer], wanted: NDArray[np.integer], classes: int) -> NDArray[np.int64]:
    counted = wanted != IGNORED
    pairs = wanted[counted].astype(np.int64) * classes + found[counted]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
