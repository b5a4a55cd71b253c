"""Masks of objects in every form that COCO knows: polygons, run-length codes, boxes."""

import math
from collections.abc import Sequence
from operator import mul
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as rle

from fovea.datasets.checks import WrongError
from fovea.datasets.messages import shown
from fovea.picture import fill_boxes

Segmentation = list[list[float]] | dict[str, Any]
"""Polygons [x, y, x, y, ...] in pixels, or a run-length code of COCO."""
Box = tuple[float, float, float, float]
"""Left, top, width, height in pixels."""

_NUMBERS = {int, float}
_NO_AREA = 1e-3
"""Twice the area, in square pixels, below which a polygon may be a line and rounding errors."""


def checked_segmentation(told: object, width: int, height: int) -> Segmentation | None:
    """A mask as the tools of COCO write it, without the polygons that have no area.

    Args:
        told: what the file says.
        width: of the image, pixels.
        height: of the image, pixels.

    Returns:
        Polygons, or a run-length code whose numbers fit the image; what a compressed code says is still to be checked
        by :func:`fovea.datasets.run_lengths.first_damaged`. None where there is no mask, or no polygon has an area.

    Raises:
        WrongError: it is none of these.
    """
    if not told and (told is None or isinstance(told, list | dict)):
        return None
    if isinstance(told, dict):
        return _checked_code(told, width, height)
    if not isinstance(told, list):
        raise WrongError(f"segmentation is {shown(told)}: expected a list of polygons or a run-length code")
    kept = [polygon for index, polygon in enumerate(told) if _has_area(polygon, index, width, height)]
    return (told if len(kept) == len(told) else kept) or None


def _checked_code(told: dict[str, Any], width: int, height: int) -> dict[str, Any]:
    size, counts = told.get("size"), told.get("counts")
    if not isinstance(size, list) or [*map(type, size)] != [int, int] or size != [height, width]:
        raise WrongError(
            f"the size of its segmentation is {shown(size)}: expected that of the image, [{height}, {width}]"
        )
    if isinstance(counts, list):
        if {*map(type, counts)} != {int} or min(counts) < 0 or sum(counts) != height * width:
            raise WrongError(f"the counts of its segmentation, {shown(counts)}, are no run lengths of {size} pixels")
    elif not isinstance(counts, str | bytes) or not counts.isascii():
        raise WrongError(f"the counts of its segmentation are {shown(counts)}: expected run lengths or their code")
    return told


def _has_area(polygon: object, index: int, width: int, height: int) -> bool:
    if not isinstance(polygon, list) or not _NUMBERS.issuperset(map(type, polygon)) or len(polygon) % 2:
        raise WrongError(f"segmentation[{index}] is {shown(polygon)}: expected numbers x, y, x, y, ...")
    if not polygon:
        return False
    x, y, least = polygon[::2], polygon[1::2], min(width, height)
    # Nearly all polygons lie well within these limits, and begin with a corner. The sum tells of NaN.
    if -least <= min(polygon) and max(polygon) <= 2 * least and sum(polygon) < math.inf and _corner(x, y):
        return True
    inside = all(-width <= side <= 2 * width for side in x) and all(-height <= side <= 2 * height for side in y)
    if not inside:
        raise WrongError(
            f"segmentation[{index}] is {shown(polygon)}: expected finite numbers that belong to an image of "
            f"{width} x {height}"
        )
    return len(x) > 2 and (abs(_shoelace(x, y)) > _NO_AREA or not _straight(x, y))


def _corner(x: Sequence[float], y: Sequence[float]) -> bool:
    return len(x) > 2 and abs((x[1] - x[0]) * (y[2] - y[0]) - (y[1] - y[0]) * (x[2] - x[0])) > _NO_AREA


def _shoelace(x: Sequence[float], y: Sequence[float]) -> float:
    """Twice the area of a polygon, by the shoelace formula; negative where it turns the other way."""
    return float(sum(map(mul, x, y[1:])) - sum(map(mul, y, x[1:])) + x[-1] * y[0] - y[-1] * x[0])


def _straight(x: Sequence[float], y: Sequence[float]) -> bool:
    points = np.stack([x, y], axis=1, dtype=np.float64)
    return bool(np.linalg.matrix_rank(points - points[0]) < 2)


def run_lengths(segmentation: Segmentation, height: int, width: int) -> dict[str, Any]:
    """Brings a mask of any form that COCO knows to its compressed run-length code.

    Args:
        segmentation: polygons or a run-length code, checked.
        height: of the image, pixels.
        width: of the image, pixels.

    Returns:
        A code that ``pycocotools.mask`` takes.
    """
    if isinstance(segmentation, dict) and not isinstance(segmentation["counts"], list):
        return segmentation
    coded = rle.frPyObjects(segmentation, height, width)
    return dict(rle.merge(coded) if isinstance(coded, list) else coded)


def object_region(segmentation: Segmentation | None, box: Box, height: int, width: int) -> NDArray[np.bool_]:
    """The pixels of one object: its mask, or its box where it has none.

    Args:
        segmentation: as for :func:`run_lengths`.
        box: left, top, width, height in pixels.
        height: of the image, pixels.
        width: of the image, pixels.

    Returns:
        [height, width], True on the object; of a box on all pixels that it touches.

    Example:
        >>> object_region(None, (1, 0, 2, 1), height=2, width=4).astype(int)
        array([[0, 1, 1, 0],
               [0, 0, 0, 0]])
    """
    if segmentation:
        return np.asarray(rle.decode(run_lengths(segmentation, height, width)), np.bool_)
    left, top, box_width, box_height = box
    return fill_boxes([(left, top, left + box_width, top + box_height)], height, width)


def mask_area(segmentation: Segmentation) -> float:
    """Area of a mask in square pixels; of several polygons the sum.

    Args:
        segmentation: polygons or a run-length code, checked.

    Example:
        >>> mask_area([[0, 0, 4, 0, 4, 3, 0, 3]])
        12.0
    """
    if isinstance(segmentation, dict):
        return float(rle.area(run_lengths(segmentation, *segmentation["size"])))
    return 0.5 * sum(abs(_shoelace(polygon[::2], polygon[1::2])) for polygon in segmentation)


def mask_box(segmentation: Segmentation) -> Box:
    """The box around a mask.

    Args:
        segmentation: polygons or a run-length code, checked.

    Example:
        >>> mask_box([[1, 2, 4, 2, 4, 6]])
        (1.0, 2.0, 3.0, 4.0)
    """
    if isinstance(segmentation, dict):
        left, top, width, height = rle.toBbox(run_lengths(segmentation, *segmentation["size"])).tolist()
        return left, top, width, height
    x = [number for polygon in segmentation for number in polygon[::2]]
    y = [number for polygon in segmentation for number in polygon[1::2]]
    return float(min(x)), float(min(y)), float(max(x) - min(x)), float(max(y) - min(y))
