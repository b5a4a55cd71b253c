"""Masks of objects in every form that COCO knows: polygons, run-length codes, and boxes where there is no mask.

A run-length code (RLE) is the dict ``{"size": [height, width], "counts": ...}`` that ``pycocotools.mask`` works with.
"""

import math
from collections.abc import Iterator, Sequence
from operator import mul
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as rle

from fovea.datasets.messages import shown
from fovea.errors import DatasetError
from fovea.picture import fill_boxes

RunLengthCode = dict[str, Any]
"""A run-length code; ``counts`` is a list of run lengths, or their compressed form as ``str`` or ``bytes``."""
Segmentation = list[list[float]] | RunLengthCode
"""Polygons [x, y, x, y, ...] in pixels, or a run-length code."""
Box = tuple[float, float, float, float]
"""Left, top, width, height in pixels."""

_NUMBERS = {int, float}
_MEASURED_AT_ONCE = 255
"""``pycocotools.mask.area`` fails on longer lists under NumPy 2."""
_NO_AREA = 1e-3
"""Twice an area in square pixels. A polygon with less may be a line whose corners are rounded."""


def checked_segmentation(value: object, width: int, height: int) -> Segmentation | None:
    """Check a mask as the tools of COCO write it, and leave out the polygons that have no area.

    Args:
        value: value of ``segmentation`` in the file.
        width: width of the image in pixels.
        height: height of the image in pixels.

    Returns:
        Polygons, or a run-length code whose size fits the image; the content of a compressed code is left for
        :func:`fovea.datasets.run_length_codes.first_damaged` to check. None where there is no mask, or no polygon has
        an area.

    Raises:
        DatasetError: the value is none of these.
    """
    if isinstance(value, list):
        kept = [polygon for index, polygon in enumerate(value) if _has_area(polygon, index, width, height)]
        return (value if len(kept) == len(value) else kept) or None
    if value is None or value == {}:
        return None
    if isinstance(value, dict):
        return _checked_code(value, width, height)
    raise DatasetError(f"segmentation is {shown(value)}: expected a list of polygons or a run-length code")


def _checked_code(code: RunLengthCode, width: int, height: int) -> RunLengthCode:
    size, counts = code.get("size"), code.get("counts")
    if not isinstance(size, list) or [*map(type, size)] != [int, int] or size != [height, width]:
        raise DatasetError(
            f"the size of its segmentation is {shown(size)}: expected that of the image, [{height}, {width}]"
        )
    if isinstance(counts, list):
        if {*map(type, counts)} != {int} or min(counts) < 0 or sum(counts) != height * width:
            raise DatasetError(f"the counts of its segmentation, {shown(counts)}, are no run lengths of {size} pixels")
    elif not isinstance(counts, str | bytes) or not counts.isascii():
        raise DatasetError(f"the counts of its segmentation are {shown(counts)}: expected run lengths or their code")
    return code


def _has_area(polygon: object, index: int, width: int, height: int) -> bool:
    if not isinstance(polygon, list) or not _NUMBERS.issuperset(map(type, polygon)) or len(polygon) % 2:
        raise DatasetError(f"segmentation[{index}] is {shown(polygon)}: expected numbers x, y, x, y, ...")
    if len(polygon) >= 6:
        # Nearly all polygons lie well within these limits and begin with a corner. The sum is NaN where a number is.
        least = min(width, height)
        within = -least <= min(polygon) and max(polygon) <= 2 * least and sum(polygon) < math.inf
        if within and _begins_with_corner(polygon):
            return True
    x, y = polygon[::2], polygon[1::2]
    inside = all(-width <= side <= 2 * width for side in x) and all(-height <= side <= 2 * height for side in y)
    if not inside:
        raise DatasetError(
            f"segmentation[{index}] is {shown(polygon)}: expected finite numbers that belong to an image of "
            f"{width} x {height}"
        )
    return len(x) > 2 and (abs(_shoelace(x, y)) > _NO_AREA or not _on_one_line(x, y))


def _begins_with_corner(polygon: Sequence[float]) -> bool:
    x1, y1, x2, y2, x3, y3 = polygon[:6]
    return abs((x2 - x1) * (y3 - y1) - (y2 - y1) * (x3 - x1)) > _NO_AREA


def _shoelace(x: Sequence[float], y: Sequence[float]) -> float:
    """Return twice the area of a polygon by the shoelace formula; negative where it turns the other way."""
    return float(sum(map(mul, x, y[1:])) - sum(map(mul, y, x[1:])) + x[-1] * y[0] - y[-1] * x[0])


def _on_one_line(x: Sequence[float], y: Sequence[float]) -> bool:
    points = np.stack([x, y], axis=1, dtype=np.float64)
    return bool(np.linalg.matrix_rank(points - points[0]) < 2)


def encode_mask(mask: NDArray[np.bool_]) -> RunLengthCode:
    """Return the compressed run-length code of a mask, in a form that can be written as JSON.

    Args:
        mask: bool [H, W].

    Returns:
        The code, its ``counts`` of type ``str``.

    Example:
        >>> encode_mask(np.ones((2, 3), np.bool_))
        {'size': [2, 3], 'counts': '06'}
    """
    code = rle.encode(np.asfortranarray(mask, np.uint8))
    return {"size": code["size"], "counts": code["counts"].decode("ascii")}


def run_lengths(segmentation: Segmentation, height: int, width: int) -> RunLengthCode:
    """Convert a mask of any form that COCO knows to its compressed run-length code.

    Args:
        segmentation: polygons or a run-length code, checked.
        height: height of the image in pixels.
        width: width of the image in pixels.

    Returns:
        A code that ``pycocotools.mask`` accepts.
    """
    if isinstance(segmentation, dict) and not isinstance(segmentation["counts"], list):
        return segmentation
    coded = rle.frPyObjects(segmentation, height, width)
    return dict(rle.merge(coded) if isinstance(coded, list) else coded)


def object_region(segmentation: Segmentation | None, box: Box, height: int, width: int) -> NDArray[np.bool_]:
    """Return the pixels of one object: its mask, or its box where it has no mask.

    Args:
        segmentation: as for :func:`run_lengths`, or None.
        box: left, top, width, height in pixels.
        height: height of the image in pixels.
        width: width of the image in pixels.

    Returns:
        bool [height, width], True on the object. A box covers all pixels that it touches.

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
    """Return the area of a mask in square pixels; for several polygons the sum of their areas.

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
    """Return the bounding box of a mask.

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


def measure_codes(codes: Sequence[RunLengthCode]) -> Iterator[tuple[Box, float]]:
    """Yield the bounding box and the area of each of many compressed run-length codes.

    Args:
        codes: compressed codes, checked.
    """
    for start in range(0, len(codes), _MEASURED_AT_ONCE):
        batch = codes[start : start + _MEASURED_AT_ONCE]
        for (left, top, width, height), area in zip(rle.toBbox(batch).tolist(), rle.area(batch).tolist(), strict=True):
            yield (left, top, width, height), float(area)
