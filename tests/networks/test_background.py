"""Networks with a background control: they receive a map, and the weight of errors outside it."""

from dataclasses import replace

import pytest
import torch

from fovea.networks import CodecNetwork, NetworkConfig, background_weight, prove_exact, stack_controls, step_modules
from fovea.networks.config import TransformConfig

from .learning import learn

IMAGE = torch.rand(2, 3, 64, 128, generator=torch.Generator().manual_seed(2)) * 255
CONTROLS = stack_controls(torch.tensor([20, 80]), torch.tensor([0, 100]))


@pytest.fixture(params=[2, 4])
def following(config, request) -> CodecNetwork:
    torch.manual_seed(1)
    return CodecNetwork(replace(config, background=True, mean_steps=request.param)).eval()


def test_weights_are_on_a_log_scale_and_exactly_even_at_the_end():
    weights = background_weight(torch.arange(101))
    assert weights[0] == pytest.approx(0.01) and weights[100] == 1
    assert torch.allclose(weights[1:] / weights[:-1], torch.tensor(100.0).pow(0.01))


def test_steps_follow_the_expected_weight_that_is_given(following):
    z = torch.randn(2, 8, 1, 2).round()
    features = following.means.features(z, CONTROLS)
    step, logits = following.means.steps(features, CONTROLS)
    weight = logits.sigmoid() + (1 - logits.sigmoid()) * 0.01
    assert step.shape == logits.shape == (2, 1, 4, 8)
    assert torch.allclose(step[0], weight[0].rsqrt()) and (step[0] > 1).all()
    assert (step[1] == 1).all(), "even, whatever z tells"


def test_no_map_means_everywhere(following):
    whole, everywhere = following.analyze(IMAGE, CONTROLS)
    given, same = following.analyze(IMAGE, CONTROLS, torch.ones(2, 1, 64, 128))
    assert torch.equal(whole, given) and torch.equal(everywhere, same) and (everywhere == 4).all()


def test_map_is_at_the_resolution_of_the_latent(following):
    region = torch.zeros(2, 1, 64, 128)
    region[:, :, :8] = 1
    _, logits = following.analyze(IMAGE, CONTROLS, region)
    assert (logits[:, :, 0] == 0).all() and (logits[:, :, 1:] == -4).all()
    fine = region.clone()
    fine[:, :, :8], fine[:, :, 8:16] = 0, 1
    assert torch.equal(following.analyze(IMAGE, CONTROLS, fine)[0], following.analyze(IMAGE, CONTROLS, region)[0])


def test_every_parameter_learns(following):
    coded = learn(following, IMAGE, CONTROLS, torch.rand(2, 1, 64, 128) > 0.5)
    assert coded.region.shape == (2, 1, 4, 8)


def test_background_makes_a_difference_once_it_is_learned(following):
    same = following(IMAGE[:1], stack_controls(torch.tensor([20]), torch.tensor([100])))
    with torch.no_grad():
        for table in (following.analysis.log_gain, following.scales.head.bias, following.hyper_index):
            table.background_anchors[0] += 0.5
    changed = following(IMAGE[:1], CONTROLS[:1])
    unchanged = following(IMAGE[:1], stack_controls(torch.tensor([20]), torch.tensor([100])))
    assert torch.equal(same.image, unchanged.image) and torch.equal(same.hyper_bits, unchanged.hyper_bits)
    assert not torch.equal(changed.hyper_bits, unchanged.hyper_bits)


def test_scales_are_those_of_the_integers_that_are_deployed(following):
    with torch.no_grad():
        for layer in (following.scales.expand, following.scales.head):
            layer.bias.background_anchors += torch.randn(layer.bias.background_anchors.shape)
    z = torch.randint(-63, 64, (2, 8, 2, 2)).float()
    deployed, _ = step_modules(following)["scales"]
    for number, index in enumerate(following.scales(z, CONTROLS).split(1)):
        assert torch.equal(index, deployed(z[number : number + 1], CONTROLS[number : number + 1]).float())
    assert prove_exact(following) > following.scales.expand.integer_biases()[1].abs().max() > 0


def test_encoder_and_decoder_have_their_own_sizes():
    torch.manual_seed(0)
    decoder = TransformConfig(wide=120, wide_blocks=2, deep=112, deep_blocks=2, kernel=5)
    config = NetworkConfig(96, 0, 128, 1, latent=160, hyper=8, prior=16, detail=32, decoder=decoder)
    network = CodecNetwork(config).eval()
    assert len(network.analysis.wide) == 0 and len(network.synthesis.wide) == 2
    assert network.synthesis.deep[0].depthwise.weight.shape == (112, 1, 5, 5)
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    image = torch.stack([127 + 80 * torch.sin(x / 9 + y / 14), 3 * x, 255 - 2 * y])[None]
    with torch.no_grad():
        decoded = network(image, torch.tensor([80])).image
    assert (decoded - image).square().mean() < 15**2, "both start as one linear transform"
