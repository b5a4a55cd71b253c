"""Labels made by a recognizer: for images that have none, and masks for objects that have only a box.

Training on objects needs to know where they are. A segmenter knows well enough.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import supervision as sv
from numpy.typing import NDArray
from pycocotools import mask as rle

from fovea.errors import RecognizerError
from fovea.recognition.datasets.dataset import Annotation, Dataset, DatasetImage, encode
from fovea.recognition.onnx_model import OnnxRecognizer
from fovea.recognition.recognizer import Recognizer

SAME_OBJECT = 0.5
"""Overlap (IoU) of boxes from which on a label and a detection are taken for the same object."""


class Labeler:
    """Labels images one after the other by what a recognizer sees on them.

    Args:
        recognizer: a segmenter, where labels lack masks.
        known: the labels there are: those without a mask get one. Without categories, all that is seen is a label.

    Raises:
        DatasetError: recognizer and labels have no class in common.
        RecognizerError: labels lack masks, and the recognizer gives none.
    """

    def __init__(self, recognizer: Recognizer, known: Dataset) -> None:
        self._recognizer, self._known = recognizer, known
        self._categories = known.category_ids(recognizer.classes)
        self._seen: list[tuple[DatasetImage, tuple[Annotation, ...]]] = []
        # Recognizers of other libraries tell only with what they see.
        if any(map(_bare, known.annotations)) and isinstance(recognizer, OnnxRecognizer):
            (seen,) = recognizer.predict([np.zeros((32, 32, 3), np.uint8)])
            _require_masks(seen)

    def add(self, image: DatasetImage) -> None:
        """Look at an image. One that fails leaves no trace.

        Raises:
            FoveaError: the image cannot be read, or its labels cannot be completed.
        """
        (seen,) = self._recognizer.predict([image.load()])
        if self._known.labeled:
            made = complete(self._known.by_image[image.id], seen, self._categories)
            made = tuple(_encoded(annotation, image) for annotation in made)
        else:
            made = label(image, seen, self._categories)
        self._seen.append((image, made))

    @property
    def labeled(self) -> Dataset:
        """The images seen so far, with their labels."""
        names = self._known.categories or {
            number: name
            for number, name in zip(self._categories, self._recognizer.classes, strict=True)
            if number is not None
        }
        return replace(
            self._known,
            images=tuple(image for image, _ in self._seen),
            annotations=tuple(annotation for _, made in self._seen for annotation in made),
            categories=names,
        )


def _encoded(annotation: Annotation, image: DatasetImage) -> Annotation:
    """With its mask, if any, as it is written: one that cannot be is told with its image, not at the end."""
    if annotation.segmentation is None:
        return annotation
    return replace(annotation, segmentation=encode(annotation.segmentation, image))


def _bare(annotation: Annotation) -> bool:
    return annotation.segmentation is None and not annotation.crowd


def _require_masks(seen: sv.Detections) -> None:
    if seen.mask is None:
        raise RecognizerError("the recognizer gives no masks to complete the labels with: take a segmenter")


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
    bare = [number for number, each in enumerate(annotations) if _bare(each)]
    if not bare or not len(found):
        return tuple(completed)
    _require_masks(found)
    assert found.mask is not None
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
        folder: that its images lie in, below it too, or that their names are taken from.

    Returns:
        The text of the json file; file names are relative to the folder, or whole where the images lie elsewhere, masks
        are compressed run-length codes, and ``"upright": true`` marks images whose labels count pixels as shown, not as
        stored.
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
    listed = {"id": image.id, "file_name": _name(image.path, folder), "width": image.width, "height": image.height}
    return listed | {"upright": True} if image.upright else listed


def _name(path: Path, folder: Path) -> str:
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    path, folder = path.absolute(), folder.absolute()
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


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
    code = encode(annotation.segmentation, image)
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
