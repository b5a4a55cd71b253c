"""Patches with what a recognizer sees on them."""

from itertools import islice

import numpy as np
import supervision as sv
import torch

from fovea.training.config import DataConfig, FindingConfig
from fovea.training.data import read_coco
from fovea.training.patches import PatchStream
from fovea.training.seen import SeenPatches, certainty, tiled, untiled


def test_four_patches_become_one_picture_row_by_row_and_back():
    patches = torch.arange(4).reshape(4, 1, 1, 1).expand(4, 3, 2, 2)
    assert tiled(patches)[0].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    assert torch.equal(untiled(tiled(patches)), patches)


def test_the_surest_of_several_objects_counts_and_from_some_score_on_it_is_sure():
    boxes = np.array([[0, 0, 3, 2], [2, 0, 4, 2], [5, 1, 6, 2]], np.float32)
    seen = sv.Detections(boxes, confidence=np.array([0.9, 0.1, 0.2], np.float32))
    assert certainty(seen, 2, 6, sure=0.4).tolist() == [
        [1, 1, 1, np.float32(0.25), 0, 0],
        [1, 1, 1, np.float32(0.25), 0, 0.5],
    ]


def test_masks_count_where_there_are_any():
    mask = np.zeros((1, 2, 4), np.bool_)
    mask[0, 1, 2] = True
    seen = sv.Detections(np.array([[0, 0, 4, 2]], np.float32), mask=mask, confidence=np.array([0.5], np.float32))
    assert certainty(seen, 2, 4, sure=0.25).tolist() == [[0, 0, 0, 0], [0, 0, 1, 0]]


def test_nothing_seen_is_nothing():
    assert not certainty(sv.Detections.empty(), 2, 3, sure=0.25).any()


def test_patches_are_those_of_the_stream_with_what_is_seen_on_each(coco, quarters):
    images = read_coco(coco / "train.json", coco)

    def stream():
        return PatchStream(images, size=64, seed=3)

    seen = list(islice(SeenPatches(stream(), FindingConfig(name="finding", recognizer=quarters), None), 8))
    plain = list(islice(stream(), 8))
    assert all(torch.equal(a.image, b.image) for a, b in zip(seen, plain, strict=True))
    # The recognizer is sure of the first quarter of whatever it sees, and half as sure of a part of the last.
    for number, patch in enumerate(seen):
        wanted = torch.zeros(1, 64, 64)
        if number % 4 == 0:
            wanted[:] = 1
        if number % 4 == 3:
            wanted[:, 32:, 16:] = 0.5
        assert torch.equal(patch.mask, wanted)


def test_it_sees_patches_as_they_are_augmented(coco, quarters):
    images = read_coco(coco / "train.json", coco)
    loss = FindingConfig(name="finding", recognizer=quarters)
    torch.manual_seed(0)
    data = DataConfig(images=coco, relit=True)
    seen = next(iter(SeenPatches(PatchStream(images, size=64, seed=3), loss, data)))
    plain = next(iter(PatchStream(images, size=64, seed=3)))
    assert seen.image.dtype == torch.uint8 and not torch.equal(seen.image, plain.image)
