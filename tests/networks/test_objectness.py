"""Networks whose encoder finds objects."""

from dataclasses import replace

import pytest
import torch

from fovea.networks import CodecNetwork

from .learning import learn


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
    learn(finding, torch.rand(2, 3, 64, 64) * 255, torch.tensor([20, 80]))


def test_a_map_is_either_given_or_found(config):
    with pytest.raises(ValueError, match="either"):
        replace(config, roi=True, objectness=8)
