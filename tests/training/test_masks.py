import numpy as np
import pytest
from pycocotools import mask as rle

from fovea.errors import DatasetError
from fovea.training.masks import object_mask

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
    mask = object_mask([{"bbox": [0, 0, 1, 1], "segmentation": segmentation}], 10, 12)
    assert np.array_equal(mask, SQUARE)


def test_boxes_stand_in_for_missing_masks_and_on_request():
    annotation = {"bbox": [3, 2, 5, 4], "segmentation": [[0, 0, 1, 0, 1, 1]]}
    assert np.array_equal(object_mask([{"bbox": [3, 2, 5, 4]}], 10, 12), SQUARE)
    assert np.array_equal(object_mask([annotation], 10, 12, source="box"), SQUARE)


def test_union_of_objects_and_boxes_that_reach_out_of_the_image():
    mask = object_mask([{"bbox": [-2, -3, 4, 5]}, {"bbox": [9, 8, 20, 20]}], 10, 12)
    assert mask.sum() == 4 + 6
    assert object_mask([], 3, 4).sum() == 0


def test_dilation_grows_the_region_on_every_side():
    mask = object_mask([{"bbox": [3, 2, 5, 4]}], 10, 12, dilation=2)
    assert mask.sum() == 8 * 9


def test_broken_annotations_are_named():
    with pytest.raises(DatasetError, match="annotation 7"):
        object_mask([{"id": 7, "segmentation": []}], 10, 12)
    with pytest.raises(DatasetError, match="annotation 8"):
        object_mask([{"id": 8, "bbox": [0, 0, 1, 1], "segmentation": 5}], 10, 12)
