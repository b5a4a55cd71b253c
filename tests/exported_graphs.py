"""A check of the graphs of a model file against the network that they were exported from."""

from pathlib import Path

import numpy as np
import torch

from fovea.coding import Model
from fovea.engine import create_engine
from fovea.networks import round_weights, step_modules
from fovea.training import load_checkpoint


def assert_graphs_compute_the_steps(model: Model, weights: Path) -> None:
    """Run the graphs of a model and the modules of its checkpoint on the same random inputs."""
    random, engine = np.random.default_rng(1), create_engine("onnxruntime", threads=1)
    network = load_checkpoint(weights).network.eval()
    round_weights(network)
    modules = step_modules(network)
    assert model.graphs
    for name, graph in model.graphs.items():
        module, examples = modules[name]
        inputs = [random.integers(0, 90, example.shape).astype(example.numpy().dtype) for example in examples]
        with torch.no_grad():
            expected = module(*map(torch.from_numpy, inputs))
        outputs = engine.load(graph)(*inputs)
        for output, tensor in zip(outputs, [expected] if torch.is_tensor(expected) else expected, strict=True):
            np.testing.assert_allclose(output, tensor.numpy(), rtol=1e-3, atol=1 if output.dtype == np.uint8 else 1e-3)
