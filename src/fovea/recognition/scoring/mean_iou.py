"""Mean intersection over union (mIoU) of class maps (Everingham et al., The Pascal Visual Object Classes Challenge: A
Retrospective, International Journal of Computer Vision 111, 2015).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SemanticScore:
    """How well class maps agree with a reference, in 0 to 1; NaN where no pixel counts."""

    miou: float
    """Mean over the classes that occur; the pixels of all images are counted together."""
    pixel_accuracy: float
    """Share of the pixels that have the right class."""

    @property
    def value(self) -> float:
        """The main figure: mean intersection over union."""
        return self.miou


@dataclass(frozen=True)
class Overlaps:
    """The overlaps of class maps with a reference, image by image."""

    intersection: NDArray[np.int64]
    """[I, C] number of pixels of the class in both maps."""
    union: NDArray[np.int64]
    """[I, C] number of pixels of the class in either map."""

    @property
    def score(self) -> SemanticScore:
        """The score of all images together."""
        (miou,) = self.resampled(np.ones((1, len(self.union)), np.int64)).tolist()
        # Each map gives every pixel one class, so unions and intersections together count it twice.
        pixels = int(self.union.sum() + self.intersection.sum()) // 2
        return SemanticScore(miou, int(self.intersection.sum()) / pixels if pixels else math.nan)

    def resampled(self, draws: NDArray[np.integer]) -> NDArray[np.float64]:
        """Score resampled sets of images.

        Args:
            draws: [R, I] count of each image in each resample; see :func:`fovea.recognition.resample`. With the same
                draws for all codecs, their differences are paired.

        Returns:
            [R] mean intersection over union; NaN where a resample has no class.
        """
        intersection, union = draws @ self.intersection, draws @ self.union
        occurs = union > 0
        summed = np.where(occurs, intersection / np.maximum(union, 1), 0).sum(axis=1)
        return np.where(occurs.any(axis=1), summed / np.maximum(occurs.sum(axis=1), 1), np.nan)


def overlaps(maps: Iterable[NDArray[np.integer]], reference: Iterable[NDArray[np.integer]], classes: int) -> Overlaps:
    """Compare class maps with reference maps. Only one map of each is in memory at a time.

    Args:
        maps: [H, W] class indices of each image.
        reference: ground truth of each image, or the class map of its original. Pixels whose value is no class, such as
            the 255 of Cityscapes and Pascal VOC, count neither as right nor as wrong.
        classes: number of classes.

    Returns:
        The intersections and unions of each image and class.

    Example:
        >>> truth = np.array([[0, 0, 1, 255]])
        >>> overlaps([np.array([[0, 1, 1, 1]])], [truth], 2).score
        SemanticScore(miou=0.5, pixel_accuracy=0.666...)
    """
    counts = [_count(found, wanted, classes) for found, wanted in zip(maps, reference, strict=True)]
    intersection, union = np.array(counts, dtype=np.int64).reshape(-1, 2, classes).swapaxes(0, 1)
    return Overlaps(intersection, union)


def _count(
    found: NDArray[np.integer], wanted: NDArray[np.integer], classes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    counted = (wanted >= 0) & (wanted < classes)
    found, wanted = found[counted], wanted[counted]
    both = np.bincount(wanted[found == wanted], minlength=classes)
    return both, np.bincount(found, minlength=classes) + np.bincount(wanted, minlength=classes) - both
