"""Networks that start from trained ones without some of their parts."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fovea.errors import FoveaError
from fovea.networks import CodecNetwork, fit_detail, stack_controls, start_network
from fovea.networks.detail import _reduced_rank_regression

DETAIL = 6


@pytest.fixture
def grown(finding_network: CodecNetwork) -> CodecNetwork:
    config = replace(finding_network.config, latent=finding_network.config.latent + DETAIL, detail=DETAIL)
    network = CodecNetwork(config).eval()
    start_network(network, finding_network)
    return network


@pytest.fixture
def images() -> list[torch.Tensor]:
    """Smooth pictures with fine noise in them."""
    random = np.random.default_rng(2)
    smooth = [random.normal(128, 30, (3, 4, 4)).repeat(16, 1).repeat(16, 2) for _ in range(24)]
    noisy = [np.clip(image + random.normal(0, 20, image.shape), 0, 255) for image in smooth]
    return [torch.from_numpy(image.astype(np.uint8)) for image in noisy]


def error(network: CodecNetwork, images: list[torch.Tensor], background: torch.Tensor | None = None) -> float:
    """Mean squared error without rounding, at the highest quality."""
    pixels, controls = torch.stack(images).float(), stack_controls(torch.full((len(images),), 100), background)
    with torch.no_grad():
        return (network.synthesis(network.analyze(pixels, controls)[0], controls) - pixels).square().mean().item()


@pytest.mark.parametrize("quality", [0, 60, 100])
def test_widened_network_codes_as_before(finding_network, grown, images, quality):
    pixels, quality = torch.stack(images[:2]).float(), torch.tensor([quality, quality])
    with torch.no_grad():
        before, after = finding_network(pixels, quality), grown(pixels, quality)
    assert torch.allclose(before.image, after.image, atol=1e-2)
    assert torch.allclose(before.hyper_bits, after.hyper_bits, rtol=1e-4)
    assert grown.analysis.detail is not None


def test_detail_restores_what_was_lost(grown, images):
    before = error(grown, images)
    fit_detail(grown, images)
    assert error(grown, images) < before - 1


def test_detail_is_fitted_to_networks_with_a_background_control(finding_network, images):
    config = replace(finding_network.config, objectness=0, latent=finding_network.config.latent + DETAIL, detail=DETAIL)
    network = CodecNetwork(replace(config, background=True)).eval()
    start_network(network, finding_network)
    background = torch.full((len(images),), 100)
    before = error(network, images, background)
    fit_detail(network, images)
    assert error(network, images, background) < before - 1


def test_detail_is_what_regression_says():
    """Values are of the wanted number, uncorrelated and in order; they restore what depends on few directions."""
    random = torch.Generator().manual_seed(1)
    seen = torch.randn(500, 8, generator=random).double()
    hidden = torch.randn(8, 2, generator=random).double() @ torch.randn(2, 12, generator=random).double()
    lost = seen @ hidden
    to_values, to_lost, deviation = _reduced_rank_regression(seen, lost, torch.eye(12).double(), 2)
    values = (seen - seen.mean(0)) @ to_values
    assert torch.allclose(to_lost.T @ to_lost, torch.eye(2).double(), atol=1e-6)
    assert torch.allclose(values.std(0, correction=0), deviation, rtol=1e-3)
    assert deviation[0] >= deviation[1]
    assert torch.allclose(values @ to_lost.T, lost - lost.mean(0), atol=1e-3)


def test_shared_parts_are_copied_and_others_keep_their_initial_weights(config):
    torch.manual_seed(1)
    source = CodecNetwork(replace(config, objectness=8))
    network = CodecNetwork(replace(config, roi=True))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    start_network(network, source)
    theirs, mine = source.state_dict(), network.state_dict()
    assert torch.equal(mine["analysis.stem.weight"][:, :192], theirs["analysis.stem.weight"])
    assert (mine["analysis.stem.weight"][:, 192:] == 0).all(), "a map has no effect yet"
    for name, value in mine.items():
        if name != "analysis.stem.weight":
            assert torch.equal(value, theirs.get(name, before[name]))


def test_background_control_starts_without_effect(config):
    torch.manual_seed(1)
    source = CodecNetwork(replace(config, mean_steps=4))
    network = CodecNetwork(replace(config, mean_steps=4, background=True))
    start_network(network, source)
    assert torch.equal(network.analysis.log_gain.anchors, source.analysis.log_gain.anchors)
    assert not network.analysis.log_gain.background_anchors.any()


@pytest.mark.parametrize(
    ("own", "other", "reason"),
    [
        ({"deep": 16}, {}, "deep is 24 there and 16 here"),
        ({"wide_blocks": 1}, {}, "wide_blocks is 2 there and 1 here"),
        ({"latent": 24}, {}, "latent - detail is 16 there and 24 here"),
        ({}, {"roi": True}, "cannot be left out"),
        ({"objectness": 8}, {"objectness": 4}, "objectness is 4 there and 8 here"),
        ({"latent": 24, "detail": 8}, {"latent": 20, "detail": 4}, "detail is 4 there and 8 here"),
        ({"latent": 24, "detail": 8, "mean_steps": 4}, {"mean_steps": 4}, "only where mean_steps is 2"),
    ],
)
def test_other_sizes_are_refused(config, own, other, reason):
    with pytest.raises(FoveaError, match=reason):
        start_network(CodecNetwork(replace(config, **own)), CodecNetwork(replace(config, **other)))
