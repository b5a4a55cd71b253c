"""Networks with a region of interest: the encoder receives it, and z describes it to the decoder."""

from dataclasses import replace

import pytest
import torch

from fovea.networks import CodecNetwork

from .learning import learn

IMAGE, QUALITY = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2)) * 255, torch.tensor([50])


@pytest.fixture
def guided(config) -> CodecNetwork:
    torch.manual_seed(1)
    return CodecNetwork(replace(config, roi=True)).eval()


def test_steps_are_nearly_even_before_training(guided):
    features = guided.means.features(torch.zeros(1, 8, 1, 1), QUALITY)
    step, logits = guided.means.steps(features, QUALITY)
    assert step.shape == logits.shape == (1, 1, 4, 4)
    assert (step >= 1).all() and (step < 1.3).all()


def test_step_is_that_of_the_expected_weight(guided):
    features = torch.zeros(1, 16, 4, 4)
    with torch.no_grad():
        guided.means.log_weight_outside.anchors.fill_(torch.log(torch.tensor(1 / 16)))
        for logit, wanted in ((-30.0, 4.0), (0.0, (1 / 2 + 1 / 32) ** -0.5), (30.0, 1.0)):
            guided.means.region.bias.fill_(logit)
            step, _ = guided.means.steps(features, QUALITY)
            assert torch.allclose(step, torch.tensor(wanted), rtol=1e-4)


def test_coarser_steps_lose_more_and_cost_less(guided):
    latent, index, z = torch.randn(1, 16, 4, 4) * 20, torch.full((1, 16, 4, 4), 30.0), torch.zeros(1, 8, 1, 1)
    with torch.no_grad():
        guided.means.log_weight_outside.anchors.fill_(torch.log(torch.tensor(1 / 64)))
        guided.means.region.bias.fill_(30.0)
        fine, fine_residual, inside = guided.quantize(latent, index, z, QUALITY)
        guided.means.region.bias.fill_(-30.0)
        coarse, coarse_residual, outside = guided.quantize(latent, index, z, QUALITY)
    assert (inside > 0).all() and (outside < 0).all()
    assert (fine - latent).abs().max() <= 0.501 and 2 < (coarse - latent).abs().max() <= 4.001
    assert coarse_residual.abs().mean() < fine_residual.abs().mean() / 4


def test_no_map_means_everywhere(guided):
    whole, everywhere = guided.analyze(IMAGE, QUALITY)
    given, same = guided.analyze(IMAGE, QUALITY, torch.ones(1, 1, 64, 64))
    assert torch.equal(whole, given) and torch.equal(everywhere, same)


def test_z_alone_describes_the_map_to_the_decoder(guided):
    with torch.no_grad():
        guided.hyper_analysis.region[1].weight.fill_(3.0)
    region = torch.zeros(1, 1, 64, 64)
    (latent, inside), (_, outside) = guided.analyze(IMAGE, QUALITY), guided.analyze(IMAGE, QUALITY, region)
    assert torch.equal(inside, torch.full_like(inside, 4)) and torch.equal(outside, torch.full_like(inside, -4))
    assert not torch.equal(
        guided.hyper_analysis(latent, QUALITY, inside), guided.hyper_analysis(latent, QUALITY, outside)
    )


def test_every_parameter_learns(guided):
    region = torch.rand(2, 1, 64, 64) > 0.5
    coded = learn(guided, torch.rand(2, 3, 64, 64) * 255, torch.tensor([20, 80]), region)
    assert coded.region.shape == (2, 1, 4, 4)
    assert guided.analysis.stem.weight.grad[:, -64:].abs().sum() > 0, "the map reaches the first layer"
