"""Networks whose encoder finds objects."""

from dataclasses import replace

import pytest
import torch

from fovea.networks import CodecNetwork


@pytest.fixture
def finding(config) -> CodecNetwork:
    torch.manual_seed(1)
    return CodecNetwork(replace(config, objectness=8)).eval()


def test_tells_each_position_by_itself(finding):
    latent, logits = finding.analyze(torch.rand(1, 3, 64, 128) * 255, torch.tensor([50]))
    assert latent.shape[2:] == (4, 8) and logits.shape == (1, 1, 4, 8)


def test_training_sees_what_the_encoder_found_and_what_the_decoder_knows(finding):
    image, quality = torch.rand(2, 3, 64, 64) * 255, torch.tensor([20, 80])
    coded = finding(image, quality)
    assert coded.region.shape == (2, 2, 4, 4)
    assert torch.equal(coded.region[:, :1], finding.analyze(image, quality)[1])


def test_every_parameter_learns(finding):
    image = torch.rand(2, 3, 64, 64) * 255
    coded = finding.train()(image, torch.tensor([20, 80]))
    ((coded.image - image).square().mean() + (coded.latent_bits + coded.hyper_bits).mean()).backward()
    silent = [name for name, p in finding.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not silent


def test_a_map_is_either_given_or_found(config):
    with pytest.raises(ValueError, match="either"):
        replace(config, roi=True, objectness=8)
