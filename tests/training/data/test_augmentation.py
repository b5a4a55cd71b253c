"""Color jitter, and rectangles of other patches."""

import pytest
import torch
import yaml

from fovea.training import read_config
from fovea.training.data.augmentation import color_jitter, cutmix
from fovea.training.data.codec_patches import CodecPatches


def _batch(count=16, size=32):
    """Patches of one gray level each, and maps that hold their number."""
    number = torch.arange(count).reshape(-1, 1, 1, 1)
    return (40 + number).expand(count, 3, size, size).byte(), number.expand(count, 1, size, size).float()


def test_cutmix_pastes_a_rectangle_of_another_patch_with_its_map():
    torch.manual_seed(0)
    image, maps = cutmix(*_batch(), probability=1.0)
    assert image.dtype == torch.uint8
    for number, (pixels, objects) in enumerate(zip(image, maps, strict=True)):
        assert (pixels == 40 + objects).all()
        foreign = objects[0] != number
        assert set(objects.unique().tolist()) <= {number, (number - 1) % len(image)}
        rows, columns = foreign.any(dim=1), foreign.any(dim=0)
        assert (foreign == rows[:, None] & columns).all()
    assert 0.05 < (maps != _batch()[1]).float().mean() < 0.5


@pytest.mark.parametrize(("probability", "least", "most"), [(0.0, 0, 0), (0.5, 60, 130)])
def test_probability_of_cutmix(probability, least, most):
    torch.manual_seed(0)
    before = _batch(count=200)[1]
    changed = (cutmix(*_batch(count=200), probability)[1] != before).flatten(1).any(dim=1).sum().item()
    assert least <= changed <= most


def test_color_jitter_differs_from_patch_to_patch_and_stays_in_range():
    torch.manual_seed(0)
    image = torch.tensor([0, 114, 255], dtype=torch.uint8).reshape(1, 1, 1, 3).expand(64, 3, 2, 3)
    changed = color_jitter(image)
    assert (
        changed.shape == image.shape and changed.dtype == torch.float32 and changed.min() >= 0 and changed.max() <= 255
    )
    assert (changed.diff(dim=3) >= 0).all()
    middle = changed[:, :, 0, 1]
    assert middle.std() > 10 and (middle.amax(dim=1) - middle.amin(dim=1)).mean() > 5, "brightness and tint"
    assert (changed == changed[:, :, :1]).all()


class _Trainer:
    def __init__(self, training):
        self.training = training


@pytest.mark.parametrize(
    ("training", "changes"), [(True, {"color_jitter": True}), (False, {"color_jitter": True}), (True, {})]
)
def test_only_training_patches_are_augmented(config_file, training, changes):
    fields = yaml.safe_load(config_file.read_text())
    fields["data"]["patch"] |= changes
    config_file.write_text(yaml.safe_dump(fields))
    patches = CodecPatches(read_config(config_file), 0, 1)
    patches.trainer = _Trainer(training)
    patch = next(iter(patches.first(1)))
    batch = type(patch)(*(part[None] for part in patch))
    augmented = patches.on_after_batch_transfer(batch, 0)
    assert torch.equal(augmented.image.float(), batch.image.float()) != (training and bool(changes))
    assert torch.equal(augmented.mask, batch.mask)
