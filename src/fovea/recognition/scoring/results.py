"""Detections in COCO's format of results (https://cocodataset.org/#format-results)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NotRequired, TypedDict

import numpy as np
import supervision as sv

from fovea.datasets import Annotation, Dataset, RunLengthCode, encode_mask, mask_area
from fovea.errors import DatasetError, RecognizerError

SELF_REFERENCE_SCORE = 0.3
"""Score from which a detection is an object, where a recognizer's own output is the reference."""


class Result(TypedDict):
    """One detection; it can be written as json."""

    image_id: int
    category_id: int
    bbox: list[float]
    """Left, top, width, height in pixels."""
    score: float
    segmentation: NotRequired[RunLengthCode]


def to_results(detections: sv.Detections, image_id: int, categories: Sequence[int | None]) -> list[Result]:
    """Convert the detections on one image to COCO's format of results.

    Args:
        detections: detections of a recognizer.
        image_id: id of the image in the data set.
        categories: category id of each class of the recognizer, from :meth:`Dataset.category_ids`; detections of
            classes with None are left out.

    Returns:
        One result for each detection, with its mask as run-length code where it has one.

    Raises:
        RecognizerError: the detections have no classes or no scores.
    """
    if len(detections) == 0:
        return []
    if detections.class_id is None or detections.confidence is None:
        raise RecognizerError("detections without class_id or confidence cannot be scored")
    results = []
    for index, number in enumerate(detections.class_id.tolist()):
        if (category := categories[number]) is None:
            continue
        x1, y1, x2, y2 = detections.xyxy[index].tolist()
        result = Result(
            image_id=image_id,
            category_id=category,
            bbox=[x1, y1, x2 - x1, y2 - y1],
            score=float(detections.confidence[index]),
        )
        if detections.mask is not None:
            result["segmentation"] = encode_mask(np.asarray(detections.mask[index]))
        results.append(result)
    return results


def self_reference(
    dataset: Dataset, results: Iterable[Result], classes: Sequence[str], score: float = SELF_REFERENCE_SCORE
) -> Dataset:
    """Return a data set whose ground truth is the recognizer's own output on the original images.

    Args:
        dataset: original images; labels of the data set are not used.
        results: detections on them.
        classes: names of the recognizer's classes.
        score: score from which a detection counts as an object.

    Returns:
        The same images with the detections as annotations.

    Raises:
        DatasetError: no detection has that score.
    """
    numbers = dataset.category_ids(classes)
    annotations = tuple(
        Annotation(
            image_id=r["image_id"],
            category_id=r["category_id"],
            box=(r["bbox"][0], r["bbox"][1], r["bbox"][2], r["bbox"][3]),
            area=mask_area(r["segmentation"]) if "segmentation" in r else r["bbox"][2] * r["bbox"][3],
            segmentation=r.get("segmentation"),
        )
        for r in results
        if r["score"] >= score
    )
    if not annotations:
        raise DatasetError(
            f"the recognizer detects nothing with a score of {score:g} or more, so there is no reference: take other "
            "images, or labels",
            path=dataset.name,
        )
    names = {number: name for number, name in zip(numbers, classes, strict=True) if number is not None}
    return replace(dataset, annotations=annotations, categories=names)
