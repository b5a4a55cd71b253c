"""Which objects a detector finds, which it misses, and which of its detections are false."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pycocotools import mask as rle

from fovea.datasets import Annotation
from fovea.recognition import Result

SCORE_THRESHOLD = 0.25
"""Lowest score of a detection that is shown."""
IOU_THRESHOLD = 0.5
"""Lowest IoU at which a detection finds an object."""


@dataclass(frozen=True)
class Mark:
    """A detection, or an object that was missed, to be drawn on an image.

    Attributes:
        verdict: whether the detection finds an object, is false, or the object is missed.
        label: name of the class, and for a detection its score in percent.
        box: left, top, width and height in pixels.
        mask: run-length code of the mask of a detection; None where there is none.
    """

    verdict: Literal["found", "false", "missed"]
    label: str
    box: tuple[float, float, float, float]
    mask: dict[str, object] | None


def compare(results: Sequence[Result], annotations: Sequence[Annotation], names: Mapping[int, str]) -> list[Mark]:
    """Compare detections with the objects of an image.

    Args:
        results: detections on the image, best first. Those below ``SCORE_THRESHOLD`` are left out.
        annotations: objects on the image. Detections on a crowd are neither correct nor false.
        names: names of the categories.

    Returns:
        The detections, then the missed objects.
    """
    results = [result for result in results if result["score"] >= SCORE_THRESHOLD]
    marks, unmatched = [], np.array([not annotation.crowd for annotation in annotations], dtype=bool)
    overlaps = np.zeros((len(results), len(annotations)))
    if results and annotations:
        overlaps = rle.iou(
            np.array([result["bbox"] for result in results], dtype=np.float64),
            np.array([annotation.box for annotation in annotations], dtype=np.float64),
            [int(annotation.crowd) for annotation in annotations],
        )
    crowd = np.array([annotation.crowd for annotation in annotations], dtype=bool)
    categories = np.array([annotation.category_id for annotation in annotations])
    for result, iou in zip(results, overlaps, strict=True):
        fits = (categories == result["category_id"]) & (iou >= IOU_THRESHOLD)
        free = fits & unmatched
        if free.any():
            unmatched[np.argmax(np.where(free, iou, -1))] = False
        elif (fits & crowd).any():
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
    missed = [annotation for annotation, free in zip(annotations, unmatched, strict=True) if free]
    return marks + [Mark("missed", names[annotation.category_id], annotation.box, None) for annotation in missed]
