"""Detections in the format in which COCO exchanges them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NotRequired, TypedDict

import numpy as np
import supervision as sv
from pycocotools import mask as rle

from fovea.datasets import Annotation, Dataset
from fovea.errors import DatasetError, RecognizerError

SELF_REFERENCE_SCORE = 0.3
"""A detection with at least this score is an object where a recognizer's own output is the reference."""


class Result(TypedDict):
    """One detection in COCO's result format; can be written as json."""

    image_id: int
    category_id: int
    bbox: list[float]
    score: float
    segmentation: NotRequired[dict[str, Any]]


def to_results(detections: sv.Detections, image_id: int, categories: Sequence[int | None]) -> list[Result]:
    """Writes the detections of one image in COCO's result format.

    Args:
        detections: what a recognizer saw.
        image_id: id of the image in the data set.
        categories: category id of each class of the recognizer, from :meth:`Dataset.category_ids`; classes
            with None are left out.

    Returns:
        One result a detection, with its mask as run-length code where it has one.
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
            code = rle.encode(np.asfortranarray(detections.mask[index], dtype=np.uint8))
            result["segmentation"] = {"size": code["size"], "counts": code["counts"].decode("ascii")}
        results.append(result)
    return results


def self_reference(
    dataset: Dataset, results: Iterable[Result], classes: Sequence[str], score: float = SELF_REFERENCE_SCORE
) -> Dataset:
    """Takes what a recognizer sees on the originals as ground truth, where there are no labels.

    Args:
        dataset: the originals; labels it has are left aside.
        results: what the recognizer saw on them.
        classes: names of the recognizer's classes.
        score: lowest score of a detection that counts as an object.

    Returns:
        The same images with the detections as annotations.

    Raises:
        DatasetError: no detection reaches the score.
    """
    numbers = dataset.category_ids(classes)
    annotations = tuple(
        Annotation(
            image_id=r["image_id"],
            category_id=r["category_id"],
            box=(r["bbox"][0], r["bbox"][1], r["bbox"][2], r["bbox"][3]),
            area=float(rle.area(r["segmentation"])) if "segmentation" in r else r["bbox"][2] * r["bbox"][3],
            segmentation=r.get("segmentation"),
        )
        for r in results
        if r["score"] >= score
    )
    if not annotations:
        raise DatasetError(f"{dataset.name}: the recognizer sees nothing with a score of {score}: no reference")
    names = {number: name for number, name in zip(numbers, classes, strict=True) if number is not None}
    return replace(dataset, annotations=annotations, categories=names)
