"""Means of the latent in four steps."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fovea.coding.coding_steps import Squares
from fovea.networks import CodecNetwork
from fovea.networks.squares import join_squares, split_squares

from .learning import learn

QUALITY = torch.tensor([50])


@pytest.fixture
def stepwise(config) -> CodecNetwork:
    torch.manual_seed(1)
    return CodecNetwork(replace(config, mean_steps=4)).eval()


def test_each_step_has_a_quarter_of_every_position_and_channel():
    latent = torch.arange(2.0 * 8 * 4 * 6).view(2, 8, 4, 6)
    parts = split_squares(latent)
    assert len(parts) == 4 and all(part.shape == (2, 8, 2, 3) for part in parts)
    assert torch.equal(join_squares(parts), latent)
    ours = Squares((1, 8, 4, 6)).split(latent[:1].numpy())
    assert all(np.array_equal(one[..., :3], part[:1].numpy()) for one, part in zip(ours, parts, strict=True))
    step = join_squares(tuple(torch.full((1, 8, 2, 3), float(number)) for number in range(4)))[0]
    assert (step[:4].sum(dim=0) == 6).all(), "each step has one of four channels at a position"
    assert (step[:, ::2, ::2] + step[:, ::2, 1::2] + step[:, 1::2, ::2] + step[:, 1::2, 1::2] == 6).all()


def test_means_of_a_step_depend_on_the_steps_before_alone(stepwise):
    z, latent = torch.randn(1, 8, 2, 2).round(), 5 * torch.randn(1, 16, 8, 8)
    index = torch.full_like(latent, 40.0)

    def residuals(changed: int) -> tuple[torch.Tensor, ...]:
        parts = list(split_squares(latent))
        parts[changed] = parts[changed] + 3
        other = join_squares(tuple(parts))
        return split_squares(other - stepwise.quantize(other, index, z, QUALITY)[1])  # the means

    means = split_squares(latent - stepwise.quantize(latent, index, z, QUALITY)[1])
    for changed in range(4):
        for number, (mean, other) in enumerate(zip(means, residuals(changed), strict=True)):
            assert torch.allclose(mean, other, atol=1e-5) == (number <= changed)


def test_skipped_positions_take_their_mean(stepwise):
    latent, z = torch.randn(1, 16, 4, 4) * 3, torch.randn(1, 8, 1, 1).round()
    skipped, residual, _ = stepwise.quantize(latent, torch.zeros_like(latent), z, QUALITY)
    assert torch.allclose(skipped, latent - residual, atol=1e-5)
    coded, residual, region = stepwise.quantize(latent, torch.full_like(latent, 20.0), z, QUALITY)
    assert region is None
    assert torch.allclose(coded, latent - residual + residual.round(), atol=1e-5)


def test_every_parameter_learns(stepwise):
    learn(stepwise, torch.rand(2, 3, 64, 64) * 255, torch.tensor([20, 80]))
