"""The finder, and its ONNX file."""

import numpy as np
import onnx
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from fovea.engine import create_engine
from fovea.networks import Finder, FinderConfig, export_finder

TINY = FinderConfig(near=8, middle=8, far=16, dilations=(1, 2))


@pytest.fixture
def finder() -> Finder:
    torch.manual_seed(1)
    return Finder(TINY).eval()


def test_tells_each_square_of_8_pixels(finder):
    assert finder(torch.rand(2, 3, 64, 96) * 255).shape == (2, 1, 8, 12)


def test_every_parameter_learns(finder):
    finder(torch.rand(2, 3, 64, 64) * 255).square().mean().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in finder.parameters())


def test_file_computes_what_the_network_does(finder):
    graph = export_finder(finder)
    model = onnx.load_from_string(graph)
    assert [value.name for value in (*model.graph.input, *model.graph.output)] == ["image", "logits"]
    run = create_engine("onnxruntime", threads=1).load(graph)
    for height, width in ((64, 96), (224, 160)):
        image = np.random.default_rng(height).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        (logits,) = run(image)
        with torch.no_grad():
            expected = finder(torch.from_numpy(image).permute(0, 3, 1, 2).float())
        assert logits.dtype == np.float32 and logits.shape == (1, 1, height // 8, width // 8)
        np.testing.assert_allclose(logits, expected.numpy(), atol=1e-4)


def test_the_default_takes_less_than_a_thousand_multiplications_per_pixel():
    finder = Finder(FinderConfig())
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        finder(torch.zeros(1, 3, 480, 640))
    assert counter.get_total_flops() / 2 / (480 * 640) < 1000
