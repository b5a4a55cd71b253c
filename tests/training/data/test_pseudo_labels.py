"""Patches with the detections of a recognizer as labels."""

from itertools import islice

import numpy as np
import supervision as sv
import torch

from fovea.training import PatchConfig, PatchStream, coco_images
from fovea.training.data.pseudo_labels import PseudoLabeledPatches, soft_mask, tiled, untiled


def test_four_patches_become_one_picture_row_by_row_and_back():
    patches = torch.arange(4).reshape(4, 1, 1, 1).expand(4, 3, 2, 2)
    assert tiled(patches)[0].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    assert torch.equal(untiled(tiled(patches)), patches)


def test_the_highest_score_counts_and_scores_above_the_threshold_count_fully():
    boxes = np.array([[0, 0, 3, 2], [2, 0, 4, 2], [5, 1, 6, 2]], np.float32)
    detections = sv.Detections(boxes, confidence=np.array([0.9, 0.1, 0.2], np.float32))
    assert soft_mask(detections, 2, 6, score_threshold=0.4).tolist() == [
        [1, 1, 1, np.float32(0.25), 0, 0],
        [1, 1, 1, np.float32(0.25), 0, 0.5],
    ]


def test_masks_count_where_there_are_any():
    mask = np.zeros((1, 2, 4), np.bool_)
    mask[0, 1, 2] = True
    detections = sv.Detections(np.array([[0, 0, 4, 2]], np.float32), mask=mask, confidence=np.array([0.5], np.float32))
    assert soft_mask(detections, 2, 4, score_threshold=0.25).tolist() == [[0, 0, 0, 0], [0, 0, 1, 0]]


def test_no_detections_give_an_empty_mask():
    assert not soft_mask(sv.Detections.empty(), 2, 3, score_threshold=0.25).any()


def test_patches_are_those_of_the_stream_with_the_detections_on_each(coco, quarters):
    images = coco_images(coco / "train.json", coco)

    def stream():
        return PatchStream(images, PatchConfig(size=64), seed=3)

    labeled = list(islice(PseudoLabeledPatches(stream(), quarters, 0.25, None), 8))
    plain = list(islice(stream(), 8))
    assert all(torch.equal(a.image, b.image) for a, b in zip(labeled, plain, strict=True))
    # The recognizer always detects the first quarter, and with half the score of certainty a part of the last.
    for number, patch in enumerate(labeled):
        wanted = torch.zeros(1, 64, 64)
        if number % 4 == 0:
            wanted[:] = 1
        if number % 4 == 3:
            wanted[:, 32:, 16:] = 0.5
        assert torch.equal(patch.mask, wanted)


def test_patches_are_augmented_before_the_recognizer_sees_them(coco, quarters):
    images = coco_images(coco / "train.json", coco)
    torch.manual_seed(0)
    patch = PatchConfig(size=64, color_jitter=True)
    labeled = next(iter(PseudoLabeledPatches(PatchStream(images, patch, seed=3), quarters, 0.25, patch)))
    plain = next(iter(PatchStream(images, PatchConfig(size=64), seed=3)))
    assert labeled.image.dtype == torch.uint8 and not torch.equal(labeled.image, plain.image)
