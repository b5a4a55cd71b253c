from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from fovea.networks import CodecNetwork, NetworkConfig, basis
from fovea.networks.basis import markov_basis


def test_full_transform_is_its_own_inverse():
    basis = markov_basis(48, 192, patch=4)
    assert torch.allclose(basis.patch @ basis.unpatch, torch.eye(48), atol=1e-4)
    assert torch.allclose(basis.merge @ basis.unmerge, torch.eye(192), atol=1e-4)


def test_level_tells_the_amplification():
    """Divided by their level, the outputs are an orthonormal transform of the pixels."""
    basis = markov_basis(48, 30, patch=4)
    pixels = torch.randn(5000, 3, 8, 8)
    features = F.pixel_unshuffle(pixels, 4)
    features = torch.einsum("oi,bihw->bohw", basis.patch, features)
    merged = torch.einsum("oi,bihw->bohw", basis.merge, F.pixel_unshuffle(features, 2))[..., 0, 0]
    assert torch.allclose((merged / basis.level).std(dim=0), torch.ones(30), atol=0.06)


def test_first_output_is_the_mean_luma():
    basis = markov_basis(48, 10, patch=4)
    assert basis.patch[0].std() / basis.patch[0].abs().mean() < 0.2


@pytest.mark.parametrize(("wide", "deep"), [(112, 192), (16, 24), (200, 900)])
def test_any_width_starts(wide, deep):
    basis = markov_basis(wide, deep)
    assert basis.patch.shape == (wide, 192) and basis.merge.shape == (deep, 4 * wide)
    assert basis.unmerge.shape == (4 * wide, deep) and basis.unpatch.shape == (192, wide)
    assert all(matrix.isfinite().all() for matrix in basis)


@pytest.mark.parametrize(("latent", "detail"), [(128, 0), (112, 16), (160, 32)])
def test_networks_code_smooth_pictures_from_the_first_step_on(latent, detail):
    torch.manual_seed(0)
    config = NetworkConfig(96, 1, 128, 1, latent=latent, hyper=8, prior=16, detail=detail)
    network = CodecNetwork(config).eval()
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    image = torch.stack([127 + 80 * torch.sin(x / 9 + y / 14), 3 * x, 255 - 2 * y])[None]
    with torch.no_grad():
        decoded = network(image, torch.tensor([80])).image
    assert (decoded - image).square().mean() < 15**2


def test_detail_comes_after_what_the_deep_part_holds():
    """Two networks that start alike but for the detail: it restores noise that is too much for the other."""
    torch.manual_seed(0)
    config = NetworkConfig(112, 1, 96, 1, latent=96, hyper=8, prior=16)
    image = 255 * torch.rand(1, 3, 64, 64)
    lost = []
    for detail in (0, 128):
        torch.manual_seed(0)
        network = CodecNetwork(replace(config, latent=96 + detail, detail=detail)).eval()
        with torch.no_grad():
            decoded = network.synthesis(network.analyze(image, torch.tensor([100]))[0], torch.tensor([100]))
        lost.append((decoded - image).square().mean().item())
    assert lost[1] < 0.85 * lost[0]


def test_bases_of_all_widths_have_the_same_directions():
    bases = [markov_basis(wide, 1) for wide in (96, 112, 192)]
    assert torch.equal(bases[1].patch[:96], bases[0].patch)
    assert torch.equal(bases[2].patch[:112], bases[1].patch)


def test_the_basis_is_the_same_whatever_the_threads():
    threads = torch.get_num_threads()
    made = []
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            markov_basis.cache_clear()
            basis._of_patches.cache_clear()
            made.append(markov_basis(112, 192))
    finally:
        torch.set_num_threads(threads)
    for one, other in zip(*made, strict=True):
        assert torch.allclose(one, other, atol=1e-4)
