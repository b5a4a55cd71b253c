"""Labels made by a recognizer: for images that have none, and masks for objects that have only a box.

Training a codec on objects needs to know where the objects are. A segmenter finds them well enough.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import supervision as sv
from pycocotools import mask as rle

from fovea.datasets import Annotation, Dataset, DatasetImage, encode_mask, mask_area, run_lengths
from fovea.errors import RecognizerError
from fovea.recognition.onnx_recognizer import OnnxRecognizer
from fovea.recognition.recognizer import Recognizer

SAME_OBJECT = 0.5
"""Intersection over union of boxes from which a label and a detection are taken for the same object."""


class Labeler:
    """Labels images one after the other with the detections of a recognizer.

    Args:
        recognizer: recognizer; a segmenter where labels lack masks.
        known: known labels; those without a mask get one. Without categories, every detection becomes a label.

    Raises:
        DatasetError: recognizer and labels have no class in common.
        RecognizerError: labels lack masks, and the recognizer gives none.
    """

    def __init__(self, recognizer: Recognizer, known: Dataset) -> None:
        self._recognizer, self._known = recognizer, known
        self._categories = known.category_ids(recognizer.classes)
        self._done: list[tuple[DatasetImage, tuple[Annotation, ...]]] = []
        # Whether recognizers of other libraries give masks is only known from their detections.
        if any(map(_lacks_mask, known.annotations)) and isinstance(recognizer, OnnxRecognizer):
            (found,) = recognizer.predict([np.zeros((32, 32, 3), np.uint8)])
            _require_masks(found)

    def add(self, image: DatasetImage) -> None:
        """Label an image. An image that fails is left out.

        Raises:
            FoveaError: the image cannot be read, or its labels cannot be completed.
        """
        (found,) = self._recognizer.predict([image.load()])
        if self._known.labeled:
            made = complete(self._known.by_image[image.id], found, self._categories)
            made = tuple(_encoded(annotation, image) for annotation in made)
        else:
            made = label(image, found, self._categories)
        self._done.append((image, made))

    @property
    def labeled(self) -> Dataset:
        """The images that were added, with their labels."""
        names = self._known.categories or {
            number: name
            for number, name in zip(self._categories, self._recognizer.classes, strict=True)
            if number is not None
        }
        return replace(
            self._known,
            images=tuple(image for image, _ in self._done),
            annotations=tuple(annotation for _, made in self._done for annotation in made),
            categories=names,
        )


def _encoded(annotation: Annotation, image: DatasetImage) -> Annotation:
    """Encode the mask, if any, as it is written: a mask that cannot be encoded fails with its image, not at the end."""
    if annotation.segmentation is None:
        return annotation
    return replace(annotation, segmentation=run_lengths(annotation.segmentation, image.height, image.width))


def _lacks_mask(annotation: Annotation) -> bool:
    return annotation.segmentation is None and not annotation.crowd


def _require_masks(found: sv.Detections) -> None:
    if found.mask is None:
        raise RecognizerError("the recognizer gives no masks to complete the labels with: take a segmenter")


def label(image: DatasetImage, found: sv.Detections, categories: Sequence[int | None]) -> tuple[Annotation, ...]:
    """Convert all detections on an image to labels.

    Args:
        image: the image.
        found: detections on it.
        categories: category id of each class of the recognizer; detections of classes with None are left out.

    Returns:
        One annotation for each detection, with its mask where it has one that is not empty.
    """
    annotations = []
    for index, category in enumerate(_categories(found, categories)):
        if category is None:
            continue
        x1, y1, x2, y2 = found.xyxy[index].tolist()
        mask = None if found.mask is None else np.asarray(found.mask[index])
        code = encode_mask(mask) if mask is not None and mask.any() else None
        area = (x2 - x1) * (y2 - y1) if code is None else mask_area(code)
        annotations.append(Annotation(image.id, category, (x1, y1, x2 - x1, y2 - y1), area, code))
    return tuple(annotations)


def complete(
    annotations: Sequence[Annotation], found: sv.Detections, categories: Sequence[int | None]
) -> tuple[Annotation, ...]:
    """Give labels that have only a box the mask of the detection that fits them.

    A detection fits a label of its category if their boxes overlap by at least ``SAME_OBJECT``. The pairs with the
    largest overlap are made first, and each detection is used once.

    Args:
        annotations: labels of one image.
        found: detections of a segmenter on it.
        categories: category id of each class of the recognizer.

    Returns:
        The annotations in their order; crowds and labels that no detection fits are unchanged.

    Raises:
        RecognizerError: the detections have no masks.
    """
    completed = list(annotations)
    bare = [number for number, each in enumerate(annotations) if _lacks_mask(each)]
    if not bare or not len(found):
        return tuple(completed)
    _require_masks(found)
    assert found.mask is not None
    boxes = [[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2 in found.xyxy.tolist()]
    overlap = np.asarray(rle.iou(boxes, [list(annotations[number].box) for number in bare], [0] * len(bare)))
    of_class = np.array([-1 if category is None else category for category in _categories(found, categories)])
    overlap[of_class[:, None] != [annotations[number].category_id for number in bare]] = 0
    while overlap.max() >= SAME_OBJECT:
        detection, wanted = np.unravel_index(overlap.argmax(), overlap.shape)
        overlap[detection, :] = overlap[:, wanted] = 0
        mask = np.asarray(found.mask[detection])
        if mask.any():
            number, code = bare[wanted], encode_mask(mask)
            completed[number] = replace(completed[number], segmentation=code, area=mask_area(code))
    return tuple(completed)


def _categories(found: sv.Detections, categories: Sequence[int | None]) -> list[int | None]:
    numbers = [] if found.class_id is None else found.class_id.tolist()
    return [categories[number] for number in numbers]
