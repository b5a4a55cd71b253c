"""Networks whose encoder looks for objects."""

from dataclasses import replace

import pytest
import torch

from fovea.models import CodecNetwork


@pytest.fixture
def finding(config) -> CodecNetwork:
    torch.manual_seed(1)
    return CodecNetwork(replace(config, objectness=8)).eval()


def test_gain_falls_where_no_object_is_found(finding):
    image, quality = torch.rand(1, 3, 64, 64) * 255, torch.tensor([50])
    with torch.no_grad():
        finding.analysis.outside.anchors.fill_(0.0)
        before, logits = finding.analyze(image, quality)
        finding.analysis.outside.anchors.fill_(2.0)
        after, same = finding.analyze(image, quality)
    assert torch.equal(logits, same) and logits.shape == (1, 1, 4, 4)
    assert torch.allclose(after, before * torch.exp(-2 * (1 - logits.sigmoid())), rtol=1e-4, atol=1e-4)


def test_everything_is_an_object_before_training(finding):
    _, logits = finding.analyze(torch.rand(1, 3, 64, 64) * 255, torch.tensor([50]))
    assert logits.sigmoid().mean() > 0.9


def test_every_parameter_learns(finding):
    image = torch.rand(2, 3, 64, 64) * 255
    coded = finding.train()(image, torch.tensor([20, 80]))
    ((coded.image - image).square().mean() + (coded.latent_bits + coded.hyper_bits).mean()).backward()
    silent = [name for name, p in finding.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not silent


def test_a_map_is_either_given_or_found(config):
    with pytest.raises(ValueError, match="either"):
        replace(config, roi=True, objectness=8)
