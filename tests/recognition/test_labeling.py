"""Labels made by a recognizer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import supervision as sv
from pycocotools import mask as rle

from fovea.datasets import Annotation, DatasetImage
from fovea.errors import RecognizerError
from fovea.recognition import complete
from fovea.recognition.labeling import label

IMAGE = DatasetImage(5, Path("photos/a/5.png"), 40, 30)
PERSON, CAR = Annotation(5, 1, (2, 2, 10, 10), 100.0), Annotation(5, 3, (20, 5, 10, 10), 100.0)
CATEGORIES = [1, None, 3]


def detections(*boxes: tuple[float, float, float, float], classes: list[int], masks: bool = True) -> sv.Detections:
    """Detections whose masks are the upper halves of their boxes."""
    drawn = np.zeros((len(boxes), 30, 40), np.bool_)
    for mask, (x1, y1, x2, y2) in zip(drawn, boxes, strict=True):
        mask[int(y1) : int(y1 + y2) // 2, int(x1) : int(x2)] = True
    return sv.Detections(
        xyxy=np.array(boxes, np.float32),
        class_id=np.array(classes),
        confidence=np.linspace(0.9, 0.5, len(boxes)).astype(np.float32),
        mask=drawn if masks else None,
    )


def area(annotation: Annotation) -> int:
    return int(rle.area(annotation.segmentation))


def test_every_detection_becomes_a_label_but_those_of_unknown_classes():
    first, second = label(
        IMAGE, detections((2, 2, 12, 12), (0, 0, 5, 5), (20, 5, 30, 15), classes=[0, 1, 2]), CATEGORIES
    )
    assert (first.image_id, first.category_id, first.box) == (5, 1, (2.0, 2.0, 10.0, 10.0))
    assert (second.category_id, area(second), second.area) == (3, 50, 50.0)


def test_detectors_give_boxes():
    (only,) = label(IMAGE, detections((2, 2, 12, 12), classes=[0], masks=False), CATEGORIES)
    assert only.segmentation is None and only.area == 100


def test_labels_get_the_mask_that_fits_their_box_and_class():
    found = detections((19, 5, 29, 15), (21, 5, 31, 15), (20, 5, 30, 15), (2, 2, 12, 13), classes=[2, 2, 0, 0])
    person, car = complete((PERSON, CAR), found, CATEGORIES)
    assert area(person) == 50 and person.box == PERSON.box
    assert area(car) == 50 and rle.decode(car.segmentation)[:, 19].any(), "the first of two that fit equally well"


def test_a_detection_is_given_away_once():
    twin = replace(PERSON, box=(3, 2, 10, 10))
    first, second = complete((PERSON, twin), detections((2, 2, 12, 12), classes=[0]), CATEGORIES)
    assert first.segmentation is not None and second.segmentation is None


def test_masks_that_are_there_and_crowds_stay_as_they_are():
    masked = replace(PERSON, segmentation=[[2.0, 2.0, 3.0, 2.0, 3.0, 3.0]])
    crowd = replace(PERSON, crowd=True)
    assert complete((masked, crowd), detections((2, 2, 12, 12), classes=[0]), CATEGORIES) == (masked, crowd)


@pytest.mark.parametrize("box", [(0, 0, 4, 4), (20, 20, 30, 30)])
def test_what_does_not_fit_stays_a_box(box):
    assert complete((PERSON,), detections(box, classes=[0]), CATEGORIES) == (PERSON,)


def test_a_detector_cannot_complete_labels():
    with pytest.raises(RecognizerError, match="take a segmenter"):
        complete((PERSON,), detections((2, 2, 12, 12), classes=[0], masks=False), CATEGORIES)
