"""Joined detections, and the presence of objects."""

import numpy as np
import pytest

from fovea.datasets import Annotation
from fovea.training.teaching.labels import LabeledObject, merged, paint_presence
from fovea.training.teaching.shapes import SIDE


def test_teachers_that_agree_are_more_certain():
    first = np.array([[0, 0, 10, 10, 0.15, 0], [50, 50, 60, 60, 0.9, 2], [80, 0, 90, 9, 0.02, 0]], np.float32)
    second = np.array([[0, 0, 10, 11, 0.1, 3], [1, 0, 10, 10, 0.05, 0]], np.float32)
    objects = merged([], 0.5, [first, second], [0.3, 0.2])
    assert [each.certainty for each in objects] == pytest.approx([1, 1 - 0.5 * 0.5])
    assert objects[0].category_id == 3 and objects[0].box == (50, 50, 10, 10)


def test_no_detections_are_no_objects():
    assert merged([], 0.5, [np.zeros((0, 6), np.float32)] * 2, [0.3, 0.3]) == ()


def test_annotations_are_as_certain_as_is_said_and_their_masks_stay():
    mask = [[0, 0, 10, 0, 10, 5, 0, 5]]
    known = [Annotation(1, 7, (0, 0, 10, 10), 50, mask), Annotation(1, 8, (40, 0, 10, 10), 100)]
    seen = np.array([[0, 0, 10, 11, 0.24, 3]], np.float32)
    both, alone = sorted(merged(known, 0.5, [seen], [0.3]), key=lambda each: each.box)
    assert both.certainty == pytest.approx(1 - 0.5 * 0.2) and both.segmentation == mask and both.category_id == 4
    assert alone.certainty == 0.5 and alone.segmentation is None and alone.category_id == 8


def _drawn(box, shape, certainty=1.0):
    return LabeledObject(1, 1, box, box[2] * box[3], certainty=certainty, shape=shape)


def test_a_drawn_shape_lies_on_its_box():
    shape = np.zeros((SIDE, SIDE), np.uint8)
    shape[2:14, 2:8] = 255  # the left half of the box, without the margin
    painted = paint_presence([_drawn((12, 12, 24, 24), shape)], 64, 64)
    assert (painted[15:33, 15:22] == 16).all()
    painted[11:37, 11:26] = 0
    assert not painted.any()


def test_certainty_and_the_largest_probability_count():
    full = np.full((SIDE, SIDE), 255, np.uint8)
    objects = [_drawn((-8, 8, 16, 16), full, 0.5), LabeledObject(1, 1, (0, 16, 8, 8), 64)]
    painted = paint_presence(objects, 32, 32)
    assert painted[10, 2] == 8 and painted[18, 2] == 16
    assert paint_presence(objects[::-1], 32, 32).tolist() == painted.tolist()


def test_a_shape_outside_of_the_picture_is_not_painted():
    assert not paint_presence([_drawn((-40, 2, 10, 10), np.full((SIDE, SIDE), 255, np.uint8))], 16, 16).any()
