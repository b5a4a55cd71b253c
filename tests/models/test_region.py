"""Networks whose encoder sees a map of the region of interest."""

from dataclasses import replace

import pytest
import torch

from fovea.models import CodecNetwork


@pytest.fixture
def guided(config) -> CodecNetwork:
    torch.manual_seed(1)
    return CodecNetwork(replace(config, roi=True)).eval()


def test_map_is_without_effect_before_training(guided):
    image, quality = torch.rand(2, 3, 64, 64) * 255, torch.tensor([10, 90])
    nowhere = guided(image, quality, torch.zeros(2, 1, 64, 64))
    everywhere = guided(image, quality)
    assert torch.allclose(nowhere.image, everywhere.image, atol=1e-2)


def test_no_map_means_everywhere(guided):
    with torch.no_grad():
        guided.analysis.outside.anchors.fill_(2.0)
    image, quality = torch.rand(1, 3, 64, 64) * 255, torch.tensor([50])
    assert torch.equal(guided.analyze(image, quality)[0], guided.analyze(image, quality, torch.ones(1, 1, 64, 64))[0])


def test_gain_falls_outside_the_region_alone(guided):
    with torch.no_grad():
        guided.analysis.outside.anchors.fill_(2.0)
    image, quality = torch.rand(1, 3, 64, 64) * 255, torch.tensor([50])
    region = torch.zeros(1, 1, 64, 64)
    region[..., :32] = 1
    (whole, _), (part, _) = guided.analyze(image, quality), guided.analyze(image, quality, region)
    assert torch.allclose(part[..., :2], whole[..., :2], atol=1e-4)
    assert torch.allclose(part[..., 2:], whole[..., 2:] / torch.e**2, atol=1e-4)


def test_every_parameter_learns(guided):
    guided.train()
    image = torch.rand(2, 3, 64, 64) * 255
    coded = guided(image, torch.tensor([20, 80]), (torch.rand(2, 1, 64, 64) > 0.5))
    ((coded.image - image).square().mean() + (coded.latent_bits + coded.hyper_bits).mean()).backward()
    silent = [name for name, p in guided.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not silent
    assert guided.analysis.stem.weight.grad[:, -64:].abs().sum() > 0, "the map reaches the first layer"
