"""Labels made by a recognizer: for images that have none, and masks for objects that have only a box.

Training on objects needs to know where they are. A segmenter knows well enough.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import supervision as sv
from numpy.typing import NDArray
from pycocotools import mask as rle

from fovea.datasets import Annotation, Dataset, DatasetImage, run_lengths
from fovea.errors import RecognizerError

SAME_OBJECT = 0.5
"""Overlap (IoU) of boxes from which on a label and a detection are taken for the same object."""


def label(image: DatasetImage, found: sv.Detections, categories: Sequence[int | None]) -> tuple[Annotation, ...]:
    """Takes everything that a recognizer saw on an image as its labels.

    Args:
        image: that it looked at.
        found: what it saw.
        categories: category id of each class of the recognizer; classes with None are left out.

    Returns:
        One annotation a detection, with its mask where it has one that is not empty.
    """
    annotations = []
    for index, category in enumerate(_categories(found, categories)):
        if category is None:
            continue
        x1, y1, x2, y2 = found.xyxy[index].tolist()
        code = None if found.mask is None else _code(np.asarray(found.mask[index]))
        area = (x2 - x1) * (y2 - y1) if code is None else float(rle.area(code))
        annotations.append(Annotation(image.id, category, (x1, y1, x2 - x1, y2 - y1), area, code))
    return tuple(annotations)


def complete(
    annotations: Sequence[Annotation], found: sv.Detections, categories: Sequence[int | None]
) -> tuple[Annotation, ...]:
    """Gives labels that have only a box the mask of the detection that fits them.

    A detection fits a label of its category if their boxes overlap by at least ``SAME_OBJECT``; the best pairs are
    made first, and each detection is given away once.

    Args:
        annotations: of one image.
        found: what a segmenter saw on it.
        categories: category id of each class of the recognizer.

    Returns:
        The annotations in their order; those that no detection fits, and crowds, unchanged.

    Raises:
        RecognizerError: the detections have no masks.
    """
    completed = list(annotations)
    bare = [number for number, each in enumerate(annotations) if each.segmentation is None and not each.crowd]
    if not bare or not len(found):
        return tuple(completed)
    if found.mask is None:
        raise RecognizerError("the recognizer gives no masks to complete the labels with: take a segmenter")
    overlap = np.asarray(rle.iou(_boxes(found), [list(annotations[number].box) for number in bare], [0] * len(bare)))
    of_class = np.array([-1 if category is None else category for category in _categories(found, categories)])
    overlap[of_class[:, None] != [annotations[number].category_id for number in bare]] = 0
    while overlap.max() >= SAME_OBJECT:
        seen, wanted = np.unravel_index(overlap.argmax(), overlap.shape)
        overlap[seen, :] = overlap[:, wanted] = 0
        if code := _code(np.asarray(found.mask[seen])):
            number = bare[wanted]
            completed[number] = replace(completed[number], segmentation=code, area=float(rle.area(code)))
    return tuple(completed)


def coco_json(dataset: Dataset, folder: Path) -> str:
    """Writes a data set in COCO's format.

    Args:
        dataset: labeled.
        folder: that its images lie in, below it too; or that others are named from.

    Returns:
        The text of the json file; file names are relative to the folder, masks are compressed run-length codes, and
        ``"upright": true`` marks images whose labels count pixels as shown, not as stored.
    """
    images = {image.id: image for image in dataset.images}
    told = {
        "images": [_listed(image, folder) for image in dataset.images],
        "annotations": [
            {"id": number, **_told(annotation, images[annotation.image_id])}
            for number, annotation in enumerate(dataset.annotations, 1)
        ],
        "categories": [{"id": number, "name": name} for number, name in dataset.categories.items()],
    }
    return json.dumps(told)


def _listed(image: DatasetImage, folder: Path) -> Mapping[str, Any]:
    name = Path(os.path.relpath(image.path, folder)).as_posix()
    listed = {"id": image.id, "file_name": name, "width": image.width, "height": image.height}
    return listed | {"upright": True} if image.upright else listed


def _told(annotation: Annotation, image: DatasetImage) -> Mapping[str, Any]:
    told = {
        "image_id": annotation.image_id,
        "category_id": annotation.category_id,
        "bbox": [round(side, 2) for side in annotation.box],
        "area": annotation.area,
        "iscrowd": int(annotation.crowd),
    }
    if annotation.segmentation is None:
        return told
    code = run_lengths(annotation.segmentation, image.height, image.width)
    counts = code["counts"]
    return told | {
        "segmentation": {"size": code["size"], "counts": counts.decode() if isinstance(counts, bytes) else counts}
    }


def _categories(found: sv.Detections, categories: Sequence[int | None]) -> list[int | None]:
    numbers = [] if found.class_id is None else found.class_id.tolist()
    return [categories[number] for number in numbers]


def _boxes(found: sv.Detections) -> list[list[float]]:
    return [[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2 in found.xyxy.tolist()]


def _code(mask: NDArray[np.bool_]) -> dict[str, Any] | None:
    """Run-length code of a mask; None of an empty one."""
    return dict(rle.encode(np.asfortranarray(mask, np.uint8))) if mask.any() else None
