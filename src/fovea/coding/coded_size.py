"""The size at which ``--scale auto`` codes a picture.

Recognizers look at pictures of 416 to 1,280 pixels. A larger picture has details that they never see, so it can be
coded at a smaller size. The coded pixels get a higher quality than the user asks for. On photographs it keeps as much
of the accuracy as the full size would; where objects are small it keeps less, with fewer bits. The rule was chosen on
1080p frames, photographs and frames of drones, which are not those of the released figures:

* Below quality 48, photographs need 10 to 30 % fewer bits at a longest side of 960 pixels than at full size for the
  same accuracy. Sides of 1,200 and 1,440 pixels save less, and 720 pixels lose too much accuracy.
* Frames of drones, whose objects are small, need 15 to 30 % fewer bits at 960 pixels below quality 30. Above, this size
  does not reach the accuracy. Recognizers of small objects look at parts of the picture, or take a large input, and
  need all pixels.
* From quality 48 on, no smaller size reaches the accuracy of the full size at any rate.
* No picture is reduced below half its size, because nothing smaller was measured on larger pictures.

``benchmarks/results/accuracy/views`` and ``drone`` have measurements of it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fovea.spec import FULL_SCALE, STRIDE

SIZE_RULE = 3
"""Number of the rule. A rule that chooses otherwise gets another number, so that no result of another counts for it."""
LONGEST_SIDE = 960
"""Longest side, in pixels, to which larger pictures are reduced."""
LOWEST_FULL_QUALITY = 48
"""Lowest quality at which all pictures keep their size."""
LOWEST_QUALITY_OF_SMALL_OBJECTS = 30
"""Lowest quality at which pictures of small objects keep their size."""
SMALLEST_SCALE = FULL_SCALE // 2
"""Smallest size to which pictures are reduced, in eighths of their own size."""
SMALLEST_OBJECT = 56
"""Smallest median object of a picture that is reduced: the square root of its area, in coded pixels."""
_SURE = 0.7
"""Probability above which a position belongs to an object."""


class CodedSize(NamedTuple):
    """A size at which a picture is coded, and the quality of its pixels there.

    Attributes:
        scale: size in eighths of the picture's own size, 1 to 8.
        quality: quality of the coded pixels, 0..100.
    """

    scale: int
    quality: int


def reduced_size(width: int, height: int, quality: int) -> CodedSize:
    """Return the size at which a picture is coded if its objects are large enough, see :func:`objects_decide`.

    Args:
        width: width of the picture in pixels.
        height: height of the picture in pixels.
        quality: quality that the user asks for, 0..100.

    Example:
        >>> reduced_size(1920, 1080, 30)
        CodedSize(scale=4, quality=57)
        >>> reduced_size(1920, 1080, 60), reduced_size(640, 480, 30)
        (CodedSize(scale=8, quality=60), CodedSize(scale=8, quality=30))
    """
    scale = min(FULL_SCALE, max(SMALLEST_SCALE, -(-FULL_SCALE * LONGEST_SIDE // max(width, height))))
    if quality >= LOWEST_FULL_QUALITY or scale == FULL_SCALE:
        return CodedSize(FULL_SCALE, quality)
    # The quality that keeps as much of the accuracy at half the size, and in between in proportion to the reduction.
    at_half = 2.4 * quality - quality**2 / 60
    return CodedSize(scale, round(quality + (FULL_SCALE / scale - 1) * (at_half - quality)))


def objects_decide(size: CodedSize, quality: int) -> bool:
    """Return whether a picture is coded at a reduced size only if its objects are large enough.

    Args:
        size: result of :func:`reduced_size`.
        quality: quality that the user asks for, 0..100.
    """
    return size.scale != FULL_SCALE and quality >= LOWEST_QUALITY_OF_SMALL_OBJECTS


def has_small_objects(objects: NDArray[np.float32]) -> bool:
    """Return whether the median object of a picture is too small for the reduced size; False if there is no object.

    Args:
        objects: probability of an object at the reduced size, [h, w], one for each square of 16×16 coded pixels.

    Example:
        >>> car, person = np.zeros((2, 30, 40), np.float32)
        >>> car[10:16, 8:20], person[10:12, 8] = 1, 1
        >>> has_small_objects(car), has_small_objects(person)
        (False, True)
    """
    areas = _areas(objects > _SURE)
    return bool(len(areas)) and STRIDE * float(np.sqrt(np.median(areas))) < SMALLEST_OBJECT


def _areas(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of positions of each connected region of a mask [h, w]."""
    framed = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), np.int32)
    labels, inside = framed[1:-1, 1:-1], mask.astype(np.int32)
    labels[:] = inside * np.arange(1, mask.size + 1, dtype=np.int32).reshape(mask.shape)
    above, below, left, right = framed[:-2, 1:-1], framed[2:, 1:-1], framed[1:-1, :-2], framed[1:-1, 2:]
    while True:  # in each pass, the highest label of a region spreads to the neighbors of its positions
        spread = np.maximum(np.maximum(above, below), np.maximum(left, right))
        spread = np.maximum(spread, labels) * inside
        if np.array_equal(spread, labels):
            return np.unique(labels[mask], return_counts=True)[1]
        labels[:] = spread
