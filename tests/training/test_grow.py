"""Detail for a network that was trained without."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fovea.networks import CodecNetwork
from fovea.training.grow import fill_detail, widen

DETAIL = 6


@pytest.fixture
def grown(finding_network: CodecNetwork) -> CodecNetwork:
    config = replace(finding_network.config, latent=finding_network.config.latent + DETAIL, detail=DETAIL)
    network = CodecNetwork(config).eval()
    network.load_state_dict(widen(finding_network.state_dict(), network.state_dict(), prefix=""))
    return network


@pytest.fixture
def images() -> list[torch.Tensor]:
    """Smooth pictures with fine noise in them."""
    random = np.random.default_rng(2)
    smooth = [random.normal(128, 30, (3, 4, 4)).repeat(16, 1).repeat(16, 2) for _ in range(24)]
    noisy = [np.clip(image + random.normal(0, 20, image.shape), 0, 255) for image in smooth]
    return [torch.from_numpy(image.astype(np.uint8)) for image in noisy]


def error(network: CodecNetwork, images: list[torch.Tensor]) -> float:
    """Mean squared error without rounding, at the highest quality."""
    pixels, quality = torch.stack(images).float(), torch.full((len(images),), 100)
    with torch.no_grad():
        return (network.synthesis(network.analyze(pixels, quality)[0], quality) - pixels).square().mean().item()


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
    fill_detail(grown, images)
    assert error(grown, images) < before - 1


def test_detail_is_what_regression_says():
    """Values are of the wanted number, uncorrelated and in order; they restore what depends on few directions."""
    from fovea.training.grow import _best_linear

    random = torch.Generator().manual_seed(1)
    seen = torch.randn(500, 8, generator=random).double()
    hidden = torch.randn(8, 2, generator=random).double() @ torch.randn(2, 12, generator=random).double()
    lost = seen @ hidden
    to_values, to_lost, deviation = _best_linear(seen, lost, torch.eye(12).double(), 2)
    values = (seen - seen.mean(0)) @ to_values
    assert torch.allclose(to_lost.T @ to_lost, torch.eye(2).double(), atol=1e-6)
    assert torch.allclose(values.std(0, correction=0), deviation, rtol=1e-3)
    assert deviation[0] >= deviation[1]
    assert torch.allclose(values @ to_lost.T, lost - lost.mean(0), atol=1e-3)
