import pytest
import torch

from fovea.entropy import FrequencyTables
from fovea.networks import ARCHITECTURES, CodecNetwork, Pointwise
from fovea.networks.rate import gaussian_bits, scale_of_index
from fovea.spec import SCALES

from .learning import learn


def test_forward_gives_image_and_bits_of_each_sample(network):
    image = torch.rand(2, 3, 64, 128) * 255
    coded = network(image, torch.tensor([10, 90]))
    assert coded.image.shape == image.shape
    assert coded.latent_bits.shape == coded.hyper_bits.shape == (2,)
    assert (coded.latent_bits >= 0).all() and (coded.hyper_bits > 0).all()


def test_sizes_that_do_not_divide_are_refused(network):
    with pytest.raises(ValueError, match="multiples of 64"):
        network(torch.zeros(1, 3, 64, 80), torch.tensor([0]))


def test_every_parameter_learns(config):
    torch.manual_seed(0)
    learn(CodecNetwork(config), torch.rand(2, 3, 64, 64) * 255, torch.tensor([20, 80]))


def test_skipped_positions_are_free_and_take_their_mean(network):
    torch.manual_seed(0)
    latent = torch.randn(1, 16, 4, 4) * 3
    z, quality = torch.randn(1, 8, 1, 1).round(), torch.tensor([50])
    skipped, residual, _ = network.quantize(latent, torch.zeros_like(latent), z, quality)
    assert torch.allclose(skipped, latent - residual, atol=1e-5)
    coded, residual, region = network.quantize(latent, torch.full_like(latent, 20.0), z, quality)
    assert region is None
    assert torch.allclose(coded, latent - residual + residual.round(), atol=1e-5)


def test_estimated_bits_are_those_of_the_integer_tables():
    tables = FrequencyTables.gaussian()
    for index in (5, 20, 40, 63):
        symbols = torch.arange(-2, 3)
        estimated = gaussian_bits(symbols, torch.full_like(symbols, index))
        for symbol, bits in zip(symbols.tolist(), estimated.tolist(), strict=True):
            if bits < 10:
                assert bits == pytest.approx(tables.bits([index], [symbol]), rel=0.01, abs=0.001)


def test_scales_of_indices_are_those_of_the_entropy_coder():
    index = torch.arange(len(SCALES))
    assert torch.allclose(scale_of_index(index), torch.tensor(SCALES), rtol=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures_are_exact_as_initialized(name):
    torch.manual_seed(0)
    for layer in CodecNetwork(ARCHITECTURES[name]).scales.layers():
        assert layer.prove() < 2**24


def test_convolutions_get_channels_last(controlled_network):
    """In another order of memory, a step of a training takes a fifth longer."""
    orders = {}

    def note(name):
        def hook(module, inputs):
            orders[name] = inputs[0].is_contiguous(memory_format=torch.channels_last)

        return hook

    hooks = [
        module.register_forward_pre_hook(note(name))
        for name, module in controlled_network.named_modules()
        if isinstance(module, Pointwise) and name.startswith(("analysis", "synthesis"))
    ]
    controlled_network(torch.rand(2, 3, 128, 192) * 255, torch.tensor([[20, 0], [70, 100]]), torch.ones(2, 1, 128, 192))
    for hook in hooks:
        hook.remove()
    assert len(orders) > 10 and all(orders.values()), orders
