"""Patches in other light, and with parts of others on them."""

import pytest
import torch
import yaml

from fovea.training.augmentation import pasted, relit
from fovea.training.config import read_config
from fovea.training.loaders import Patches


def _batch(count=16, size=32):
    """Patches that are all of one level, and what is drawn on them: their number."""
    number = torch.arange(count).reshape(-1, 1, 1, 1)
    return (40 + number).expand(count, 3, size, size).byte(), number.expand(count, 1, size, size).float()


def test_what_is_pasted_is_a_rectangle_of_another_patch_and_what_is_drawn_there():
    torch.manual_seed(0)
    image, drawn = pasted(*_batch(), chance=1.0)
    assert image.dtype == torch.uint8
    for number, (pixels, objects) in enumerate(zip(image, drawn, strict=True)):
        assert (pixels == 40 + objects).all()
        foreign = objects[0] != number
        assert set(objects.unique().tolist()) <= {number, (number - 1) % len(image)}
        rows, columns = foreign.any(dim=1), foreign.any(dim=0)
        assert (foreign == rows[:, None] & columns).all()
    assert 0.05 < (drawn != _batch()[1]).float().mean() < 0.5


@pytest.mark.parametrize(("chance", "least", "most"), [(0.0, 0, 0), (0.5, 60, 130)])
def test_chance_of_pasting(chance, least, most):
    torch.manual_seed(0)
    before = _batch(count=200)[1]
    changed = (pasted(*_batch(count=200), chance)[1] != before).flatten(1).any(dim=1).sum().item()
    assert least <= changed <= most


def test_light_differs_from_patch_to_patch_and_stays_in_range():
    torch.manual_seed(0)
    image = torch.tensor([0, 114, 255], dtype=torch.uint8).reshape(1, 1, 1, 3).expand(64, 3, 2, 3)
    lit = relit(image)
    assert lit.shape == image.shape and lit.dtype == torch.float32 and lit.min() >= 0 and lit.max() <= 255
    assert (lit.diff(dim=3) >= 0).all()
    middle = lit[:, :, 0, 1]
    assert middle.std() > 10 and (middle.amax(dim=1) - middle.amin(dim=1)).mean() > 5, "brightness and tint"
    assert (lit == lit[:, :, :1]).all()


class _Trainer:
    def __init__(self, training):
        self.training = training


@pytest.mark.parametrize(("training", "changes"), [(True, {"relit": True}), (False, {"relit": True}), (True, {})])
def test_only_what_is_trained_on_is_augmented(config_file, training, changes):
    fields = yaml.safe_load(config_file.read_text())
    fields["data"] |= changes
    config_file.write_text(yaml.safe_dump(fields))
    patches = Patches(read_config(config_file), 0, 1)
    patches.trainer = _Trainer(training)
    patch = next(iter(patches.first(1)))
    batch = type(patch)(*(part[None] for part in patch))
    seen = patches.on_after_batch_transfer(batch, 0)
    assert torch.equal(seen.image.float(), batch.image.float()) != (training and bool(changes))
    assert torch.equal(seen.mask, batch.mask)
