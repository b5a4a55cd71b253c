import numpy as np
import pytest
from pycocotools import mask as rle

from fovea.datasets import Annotation
from fovea.training import PatchConfig
from fovea.training.data.masks import object_weights


def weights(annotations, height, width, **patch):
    return object_weights(annotations, height, width, PatchConfig(**patch))


def object_mask(annotations, height, width, **patch):
    return weights(annotations, height, width, **patch) > 0


def thing(*box, mask=None):
    return Annotation(1, 1, box, box[2] * box[3], mask)


SQUARE = np.zeros((10, 12), np.uint8)
SQUARE[2:6, 3:8] = 1
COMPRESSED = rle.encode(np.asfortranarray(SQUARE))
RUNS = {"size": [10, 12], "counts": [32, 4, 6, 4, 6, 4, 6, 4, 6, 4, 44]}


@pytest.mark.parametrize(
    "segmentation",
    [[[3, 2, 8, 2, 8, 6, 3, 6]], COMPRESSED, COMPRESSED | {"counts": COMPRESSED["counts"].decode()}, RUNS],
    ids=["polygon", "rle bytes", "rle text", "uncompressed rle"],
)
def test_all_codes_of_coco_give_the_same_region(segmentation):
    mask = object_mask([thing(0, 0, 1, 1, mask=segmentation)], 10, 12)
    assert np.array_equal(mask, SQUARE)


def test_boxes_stand_in_for_missing_masks_and_on_request():
    annotation = thing(3, 2, 5, 4, mask=[[0, 0, 1, 0, 1, 1]])
    assert np.array_equal(object_mask([thing(3, 2, 5, 4)], 10, 12), SQUARE)
    assert np.array_equal(object_mask([annotation], 10, 12, mask_source="box"), SQUARE)


def test_union_of_objects_and_boxes_that_reach_out_of_the_image():
    mask = object_mask([thing(-2, -3, 4, 5), thing(9, 8, 20, 20)], 10, 12)
    assert mask.sum() == 4 + 6
    assert object_mask([], 3, 4).sum() == 0


def test_dilation_grows_the_region_on_every_side():
    mask = object_mask([thing(3, 2, 5, 4)], 10, 12, mask_dilation=2)
    assert mask.sum() == 8 * 9


def test_weights_are_sixteen_on_objects():
    assert np.array_equal(weights([thing(3, 2, 5, 4)], 10, 12), 16 * SQUARE)


def test_small_objects_weigh_more_and_large_ones_do_not():
    objects = [thing(0, 0, 24, 24), thing(100, 0, 96, 96), thing(200, 0, 100, 120)]
    made = weights(objects, 120, 300, small_object_exponent=0.5)
    assert (made[10, 10], made[10, 150], made[10, 250], made[110, 50]) == (4 * 16, 16, 16, 0)


def test_weights_stay_within_a_byte():
    assert weights([thing(0, 0, 1, 1)], 4, 4, small_object_exponent=1.0)[0, 0] == 255


def test_edges_weigh_more_on_both_sides_of_the_outline():
    made = weights([thing(10, 10, 10, 10)], 30, 30, edge_weight=1.0)
    assert made[15].tolist() == [0] * 8 + [16] * 2 + [32] * 2 + [16] * 6 + [32] * 2 + [16] * 2 + [0] * 8
