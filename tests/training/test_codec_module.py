"""The loss of networks with a background control."""

from dataclasses import replace

import pytest
import torch

from fovea.networks import stack_controls
from fovea.training import CodecTraining, read_config
from fovea.training.data.patches import Patch
from fovea.training.losses.distortions import error_weight, mse, object_mse


@pytest.fixture
def module(config_file) -> CodecTraining:
    config = read_config(config_file)
    torch.manual_seed(0)
    module = CodecTraining(
        config.model_copy(
            update={
                "architecture": replace(config.architecture, background=True),
                "loss": config.loss.model_copy(update={"background_weight": "variable"}),
                "mask_weight": 0.5,
            }
        )
    )
    module.setup("fit")
    return module


def test_at_background_100_the_loss_is_exactly_plain_mse():
    decoded, original = 255 * torch.rand(2, 3, 8, 8), 255 * torch.rand(2, 3, 8, 8)
    mask = 3 * (torch.rand(2, 1, 8, 8) > 0.5).float()
    even = error_weight(mask, "variable", stack_controls(torch.tensor([10, 90]), torch.tensor([100, 100])))
    assert (even == 1).all()
    assert torch.equal(object_mse(decoded, original, even), mse(decoded, original, even))


def test_the_background_control_is_the_weight_of_errors_outside_objects():
    mask = torch.tensor([0.0, 0.5, 1.0, 2.0]).expand(2, 1, 1, 4)
    weight = error_weight(mask, "variable", stack_controls(torch.tensor([10, 90]), torch.tensor([0, 50])))
    assert torch.allclose(weight[0], torch.tensor([0.01, 0.505, 1.0, 1.99]))
    assert torch.allclose(weight[1], torch.tensor([0.1, 0.55, 1.0, 1.9]))


def test_the_mask_costs_nothing_where_all_errors_weigh_alike(module):
    patch = Patch(torch.randint(0, 256, (1, 3, 64, 64), dtype=torch.uint8), torch.zeros(1, 1, 64, 64))
    coded = module.network.eval()(patch.image.float(), torch.tensor([[50, 0]]), patch.mask > 0)
    even, least = (module._mask_bits(coded, patch, torch.tensor([background])) for background in (100, 0))
    assert even == 0 and least > 0


def test_all_backgrounds_are_drawn_and_even_weights_for_a_fifth(module):
    torch.manual_seed(0)
    drawn = module._draw_background(20_000)
    assert drawn.min() == 0 and drawn.max() == 100
    assert (drawn == 100).float().mean() == pytest.approx(0.2, abs=0.02)
    assert (drawn < 50).float().mean() == pytest.approx(0.4, abs=0.02)
