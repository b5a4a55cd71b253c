"""Masks of objects in every form that COCO knows: polygons, run-length codes, boxes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as rle

from fovea.picture import fill_boxes


def run_lengths(segmentation: Any, height: int, width: int) -> dict[str, Any]:
    """Brings a mask of any form that COCO knows to its compressed run-length code.

    Args:
        segmentation: polygons [x, y, x, y, ...] in pixels, or a run-length code.
        height: of the image, pixels.
        width: of the image, pixels.

    Returns:
        A code that ``pycocotools.mask`` takes.

    Raises:
        ValueError: it is neither.
    """
    try:
        if isinstance(segmentation, dict) and not isinstance(segmentation["counts"], list):
            return segmentation
        coded = rle.frPyObjects(segmentation, height, width)
        return dict(rle.merge(coded) if isinstance(coded, list) else coded)
    except Exception as error:  # pycocotools raises bare Exception
        raise ValueError(f"no polygon and no run-length code: {error}") from error


def object_region(segmentation: Any, box: Sequence[float], height: int, width: int) -> NDArray[np.bool_]:
    """The pixels of one object: its mask, or its box where it has none.

    Args:
        segmentation: as for :func:`run_lengths`, or nothing.
        box: left, top, width, height in pixels.
        height: of the image, pixels.
        width: of the image, pixels.

    Returns:
        [height, width], True on the object; of a box on all pixels that it touches.

    Raises:
        ValueError: segmentation or box cannot be read.

    Example:
        >>> object_region(None, (1, 0, 2, 1), height=2, width=4).astype(int)
        array([[0, 1, 1, 0],
               [0, 0, 0, 0]])
    """
    if segmentation:
        return np.asarray(rle.decode(run_lengths(segmentation, height, width)), np.bool_)
    left, top, box_width, box_height = box
    return fill_boxes([(left, top, left + box_width, top + box_height)], height, width)
