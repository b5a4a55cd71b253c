"""The shapes of objects in their boxes."""

import numpy as np
import torch

from fovea.training import coco_images
from fovea.training.teaching.shapes import MARGIN, SIDE, FeatureMaps, Shapes, box_grid, mask_shapes


def test_the_grid_of_a_box_has_a_margin():
    grid = box_grid(torch.tensor([[20.0, 40, 60, 80]]), 100, 200)
    cell = 40 * (1 + 2 * MARGIN) / SIDE
    first = torch.tensor([20.0, 40]) - MARGIN * 40 + cell / 2
    torch.testing.assert_close(grid[0, 0, 0], first / torch.tensor([100.0, 50.0]) - 1)
    torch.testing.assert_close(grid[0, -1, -1], (torch.tensor([80.0, 120.0]) - first) / torch.tensor([100.0, 50.0]) - 1)


def test_the_shape_of_a_mask():
    mask = torch.zeros(1, 64, 64, dtype=torch.bool)
    mask[:, 16:48, 16:32] = True
    shape = mask_shapes(mask, torch.tensor([[16.0, 16, 48, 48]]))[0, 0]
    wanted = torch.zeros(SIDE, SIDE)
    margin = round(MARGIN * SIDE / (1 + 2 * MARGIN))
    wanted[margin:-margin, margin : SIDE // 2] = 1
    assert (shape - wanted).abs().mean() < 0.1


def test_features_lie_where_the_box_is(teacher):
    features = FeatureMaps(teacher, ["map"])
    picture = np.zeros((128, 128, 3), np.uint8)
    boxes = torch.tensor([[0.0, 0, 128, 128], [32.0, 32, 96, 96]])
    cut = features(picture, boxes)
    assert cut.shape == (2, 3, SIDE, SIDE)
    # The middle of both boxes is the same place.
    middle = cut[:, :, 7:9, 7:9].mean(dim=(2, 3))
    assert (middle[0] - middle[1]).abs().max() < 0.5 and (cut[0] - cut[1]).abs().max() > 0.5


def test_shapes_are_learned_once_and_drawn_as_probabilities(finder_config, masked):
    images = coco_images(masked / "train.json", masked)
    folder = finder_config.labels
    first, second = (Shapes.fitted(finder_config.shapes, images, folder) for _ in range(2))
    assert len(list(folder.glob("shapes-*.pt"))) == 1
    picture, boxes = np.zeros((90, 120, 3), np.uint8), torch.tensor([[10.0, 10, 50, 40]] * 70)
    drawn, again = (shapes.draw(picture, boxes, torch.ones(70, dtype=torch.int64)) for shapes in (first, second))
    assert drawn.shape == (70, SIDE, SIDE) and drawn.dtype == np.uint8 and np.array_equal(drawn, again)
    other = Shapes.fitted(finder_config.shapes.model_copy(update={"steps": 3}), images, folder)
    assert other.digest != first.digest


def test_masks_teach_shapes(finder_config, masked):
    """Every mask is the upper half of its box."""
    images = coco_images(masked / "train.json", masked)
    shapes = Shapes.fitted(
        finder_config.shapes.model_copy(update={"steps": 40, "width": 8, "learning_rate": 0.03}),
        images,
        finder_config.labels,
    )
    (drawn,) = shapes.draw(
        np.zeros((90, 120, 3), np.uint8), torch.tensor([[10.0, 10, 50, 40]]), torch.ones(1, dtype=int)
    )
    assert drawn[3:7, 3:13].mean() > 180 > 80 > drawn[9:].mean()
