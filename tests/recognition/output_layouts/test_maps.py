import numpy as np

from fovea.recognition.output_layouts.maps import class_map, label_map, prototype_masks
from fovea.recognition.preprocessing import letterbox


def test_prototype_masks_stay_in_their_boxes() -> None:
    _, placed = letterbox(np.zeros((60, 120, 3), np.uint8), (64, 64))
    prototypes = np.zeros((2, 16, 16), np.float32)
    prototypes[0], prototypes[1, :, 8:] = -1, 3
    boxes = np.array([[30, 10, 90.5, 50], [0, 0, 10, 10]], np.float32)
    masks = prototype_masks(np.ones((2, 2), np.float32), prototypes, boxes, placed, (64, 64))
    assert masks.shape == (2, 60, 120) and not masks[1].any()
    rows, columns = np.nonzero(masks[0])
    assert (rows.min(), rows.max()) == (10, 49) and columns.max() == 89
    assert abs(columns.min() - 58) <= 2  # the zero between -1 and 2 lies a little left of the middle


def test_masks_do_not_depend_on_the_box_they_are_cut_to() -> None:
    _, placed = letterbox(np.zeros((97, 55, 3), np.uint8), (64, 64))
    plane = np.random.default_rng(1).normal(size=(1, 16, 16)).astype(np.float32)
    boxes = np.array([[0, 0, 55, 97], [20, 30, 41, 77]], np.float32)
    whole, part = prototype_masks(np.ones((2, 1), np.float32), plane, boxes, placed, (64, 64))
    assert (whole[30:77, 20:41] == part[30:77, 20:41]).mean() > 0.999


def test_an_empty_box_has_an_empty_mask() -> None:
    _, placed = letterbox(np.zeros((60, 60, 3), np.uint8), (64, 64))
    boxes = np.array([[60, 10, 60, 20]], np.float32)
    ones = np.ones((1, 16, 16), np.float32)
    assert not prototype_masks(np.ones((1, 1), np.float32), ones, boxes, placed, (64, 64)).any()


def test_class_maps_come_at_the_size_of_the_image() -> None:
    _, placed = letterbox(np.zeros((30, 60, 3), np.uint8), (64, 64))
    scores = np.zeros((3, 32, 32), np.float32)
    scores[1, :, :16], scores[2, :, 16:] = 1, 1
    found = class_map(scores, placed, (64, 64))
    assert found.shape == (30, 60) and (found[:, :30] == 1).all() and (found[:, 30:] == 2).all()
    np.testing.assert_array_equal(label_map(scores.argmax(0), placed, (64, 64)), found)
