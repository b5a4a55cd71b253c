"""What is measured: the accuracy of a recognizer and the error of the pixels.

Accuracy of boxes and masks is average precision (AP), the mean over ten IoU thresholds as COCO defines it: T.-Y. Lin
et al., "Microsoft COCO: Common Objects in Context", ECCV 2014. Accuracy of class maps is the mean intersection over
union (mIoU) of the classes: J. Long, E. Shelhamer and T. Darrell, "Fully Convolutional Networks for Semantic
Segmentation", CVPR 2015. The error of the pixels is the peak signal-to-noise ratio (PSNR).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fovea.baselines import Pixels
from fovea.recognition import Score, SemanticScore

MetricKind = Literal["box", "mask", "semantic"]
"""What is scored: boxes or masks of objects, by AP, or class maps, by mIoU."""
AnyScore = Score | SemanticScore
"""A score of any kind; its ``value`` is AP or mIoU, 0 to 1."""

PSNR_OF_EQUAL = 100.0
"""The PSNR in dB that counts for an image that is decoded without any error, where PSNR is averaged."""

_TITLES: Mapping[MetricKind, str] = {"box": "boxes", "mask": "masks", "semantic": "class maps"}


@dataclass(frozen=True)
class Metric:
    """The accuracy of one recognizer in one kind of output.

    Attributes:
        recognizer: name of the recognizer.
        kind: kind of output that is scored.

    Example:
        >>> metric = Metric("segformer", "semantic")
        >>> print(metric, metric.name)
        segformer, class maps mIoU
    """

    recognizer: str
    kind: MetricKind

    def __str__(self) -> str:
        return f"{self.recognizer}, {_TITLES[self.kind]}"

    @property
    def name(self) -> str:
        """The name of the measure, AP or mIoU."""
        return "mIoU" if self.kind == "semantic" else "AP"


def mean_squared_error(original: Pixels, decoded: Pixels, where: NDArray[np.bool_] | None = None) -> float:
    """Return the mean squared error over R, G and B.

    Args:
        original: uint8 [H, W, 3].
        decoded: uint8 [H, W, 3].
        where: bool [H, W], True on the pixels that count, at least one of them; by default all count.

    Example:
        >>> original = np.zeros((2, 2, 3), np.uint8)
        >>> mean_squared_error(original, original + np.uint8(5))
        25.0
    """
    error = np.square(original.astype(np.float32) - decoded)
    return float(np.mean(error if where is None else error[where], dtype=np.float64))


def psnr(squared_error: float) -> float:
    """Return the PSNR of 8-bit samples in dB, infinite for an error of 0.

    Args:
        squared_error: mean squared error, from :func:`mean_squared_error`.

    Example:
        >>> round(psnr(25.0), 2), psnr(0.0)
        (34.15, inf)
    """
    return 10 * math.log10(255**2 / squared_error) if squared_error else math.inf


def mean_psnr(squared_errors: Sequence[float]) -> float:
    """Return the mean over images of their PSNR in dB, at most ``PSNR_OF_EQUAL`` each; NaN for no image.

    Args:
        squared_errors: mean squared error of each image.
    """
    if not squared_errors:
        return math.nan
    return float(np.mean([min(psnr(error), PSNR_OF_EQUAL) for error in squared_errors]))
