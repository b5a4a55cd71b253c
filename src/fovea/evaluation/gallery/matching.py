"""Which objects a detector found, which it missed, and what it saw that is not there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pycocotools import mask as rle

from fovea.recognition import Annotation, Result

THRESHOLD = 0.25
"""Lowest score of a detection that is shown."""
OVERLAP = 0.5
"""IoU from which a detection has found an object."""


@dataclass(frozen=True)
class Mark:
    """Something to draw on an image."""

    verdict: Literal["found", "false", "missed"]
    label: str
    box: tuple[float, float, float, float]
    """Left, top, width, height in pixels."""
    mask: dict[str, object] | None
    """Run-length code."""


def compare(results: Sequence[Result], annotations: Sequence[Annotation], names: Mapping[int, str]) -> list[Mark]:
    """Tells which detections are right, which are false, and what was missed.

    Args:
        results: detections on one image, best first; those below ``THRESHOLD`` are left out.
        annotations: the objects on it. Detections on a crowd are neither right nor false.
        names: of the categories.

    Returns:
        What to draw.
    """
    results = [result for result in results if result["score"] >= THRESHOLD]
    marks, open_ = [], [not annotation.crowd for annotation in annotations]
    overlaps = np.zeros((len(results), len(annotations)))
    if results and annotations:
        overlaps = rle.iou(
            np.array([result["bbox"] for result in results], dtype=np.float64),
            np.array([annotation.box for annotation in annotations], dtype=np.float64),
            [int(annotation.crowd) for annotation in annotations],
        )
    for result, row in zip(results, overlaps, strict=True):
        same = np.array([annotation.category_id == result["category_id"] for annotation in annotations], dtype=bool)
        fits = same & (row >= OVERLAP)
        free = fits & np.array(open_, dtype=bool)
        if free.any():
            open_[int(np.argmax(np.where(free, row, -1)))] = False
        elif any(annotation.crowd and fit for annotation, fit in zip(annotations, fits, strict=True)):
            continue
        left, top, width, height = result["bbox"]
        marks.append(
            Mark(
                "found" if free.any() else "false",
                f"{names[result['category_id']]} {100 * result['score']:.0f}",
                (left, top, width, height),
                result.get("segmentation"),
            )
        )
    missed = [annotation for annotation, still in zip(annotations, open_, strict=True) if still]
    return marks + [Mark("missed", names[one.category_id], one.box, None) for one in missed]
