"""Latents to bytes and back, in two steps and in four."""

from dataclasses import replace

import numpy as np
import pytest

from fovea import Codec
from fovea.coding import PriorNetworks
from fovea.coding.coding_steps import Checkerboard, Squares
from fovea.coding.decoder import LatentDecoder
from fovea.coding.encoder import LatentEncoder
from fovea.engine import create_engine
from fovea.store import open_model, save_model


@pytest.fixture(params=["finding", "controlled"])
def name(request) -> str:
    return request.param


class TorchEngine:
    """Runs modules of torch, in the place of the ONNX models that are exported from them."""

    precision = "fp32"

    def load(self, module, exact=False):
        import torch

        @torch.no_grad()
        def run(*inputs):
            outputs = module(*map(torch.from_numpy, inputs))
            return tuple(output.numpy() for output in ([outputs] if torch.is_tensor(outputs) else outputs))

        return run


class LatentCoder:
    """Encoder and decoder of the latents of one model."""

    def __init__(self, model, engine=None):
        engine = engine or create_engine(threads=1)
        self.networks, self.controls = PriorNetworks(model, engine), model.controls(40)
        encoder, decoder = LatentEncoder(model, engine, self.networks), LatentDecoder(model, self.networks)
        self.hyper_latent, self.quantize, self.encode = encoder.hyper_latent, encoder.quantize, encoder.encode
        self.prior, self.reconstruct, self.decode = self.networks.predict, decoder.reconstruct, decoder.decode


@pytest.fixture
def coder(name, request) -> LatentCoder:
    return LatentCoder(request.getfixturevalue(f"{name}_model"))


def _analyzed(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(3).normal(0, 6, (1, 17, height, width)).astype(np.float32)


@pytest.mark.parametrize("size", [(1, 1), (3, 6), (4, 4), (5, 9), (8, 12)])
def test_what_is_decoded_is_what_was_rounded(coder, size):
    analyzed = _analyzed(*size)
    prior = coder.prior(coder.hyper_latent(analyzed, coder.controls), *size, coder.controls)
    residual = coder.quantize(analyzed[:, :16], prior)
    assert residual.shape == (1, 16, *size) and not residual[prior.index == 0].any()
    decoded = coder.decode(coder.encode(analyzed, coder.controls), *size, coder.controls)
    assert np.array_equal(decoded, coder.reconstruct(residual, prior))
    error = np.abs(decoded - analyzed[:, :16])[prior.index > 0]
    assert error.max() <= prior.step.max() / 2 + 1e-4
    assert (np.abs(decoded - analyzed[:, :16]) <= prior.step / 2 + 1e-4)[prior.index > 0].all()


def test_network_that_trains_rounds_alike(name, request):
    torch = pytest.importorskip("torch")
    from fovea.networks import step_modules

    network, model = (request.getfixturevalue(f"{name}_{kind}") for kind in ("network", "model"))
    steps = {name: module for name, (module, _) in step_modules(network).items()}
    coder = LatentCoder(replace(model, graphs=steps), TorchEngine())
    analyzed, quality = _analyzed(8, 12), torch.from_numpy(coder.controls.as_input())
    z = coder.hyper_latent(analyzed, coder.controls)
    prior = coder.prior(z, 8, 12, coder.controls)
    with torch.no_grad():
        latent, floats = torch.from_numpy(analyzed[:, :16]), torch.from_numpy(z.astype(np.float32))
        index = network.scales(floats, quality)
        decoded, _, _ = network.quantize(latent, index, floats, quality)
    assert np.array_equal(index.numpy(), prior.index)
    ours = coder.reconstruct(coder.quantize(analyzed[:, :16], prior), prior)
    assert np.mean(np.abs(ours - decoded.numpy()) < 1e-3) > 0.98, "but where noise of floats turns a rounding"


def test_damaged_means_change_no_symbol(coder):
    """Symbols come from the integer network alone: another machine's floats shift what is decoded, not what is read."""
    analyzed = _analyzed(5, 9)
    data = coder.encode(analyzed, coder.controls)
    before, means = coder.decode(data, 5, 9, coder.controls), coder.networks._means.at(40)
    coder.networks._means._fast = lambda *inputs: tuple(output + np.float32(1e-4) for output in means(*inputs))
    after = coder.decode(data, 5, 9, coder.controls)
    assert 0 < np.abs(after - before).max() < 0.1


@pytest.mark.parametrize(
    ("steps", "shape"), [(Checkerboard, (1, 6, 3, 5)), (Squares, (1, 6, 3, 5)), (Squares, (1, 4, 8, 4))]
)
def test_parts_make_the_whole(steps, shape):
    array = np.random.default_rng(0).integers(1, 99, shape)
    apart = steps(shape)
    parts = [apart.decoded_in(number, part) for number, part in enumerate(apart.split(array))]
    assert np.array_equal(apart.join(parts), array)
    assert sum(np.count_nonzero(part) for part in parts) == array.size, "each value is of one step"


def test_file_of_four_steps_round_trips(controlled_model, photo, tmp_path):
    path = tmp_path / "controlled.fovea"
    save_model(controlled_model, path)
    loaded = open_model(path)
    assert loaded.id == controlled_model.id and loaded.steps == 4 and set(loaded.graphs) == set(controlled_model.graphs)
    codec = Codec(path, threads=1)
    data = codec.encode(photo, 60, tile_size=128)
    decoded = codec.decode(data)
    assert decoded.shape == photo.shape
    assert np.array_equal(decoded, Codec(path, threads=2).decode(data))
