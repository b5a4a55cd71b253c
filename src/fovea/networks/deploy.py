"""Export of a trained network: rounded weights, the proof of exactness, and one ONNX graph for each step."""

import math

import torch
from torch import Tensor, nn

from fovea.networks.config import NetworkConfig
from fovea.networks.deployed_steps import step_modules
from fovea.networks.layers import Depthwise, Pointwise
from fovea.networks.network import CodecNetwork
from fovea.networks.onnx_file import to_onnx


def halo(config: NetworkConfig) -> int:
    """Return how many latent positions away an input still influences an output: the reach of the filters."""
    return math.ceil(max(config.analysis.reach, config.synthesis.reach))


def prove_exact(network: CodecNetwork) -> int:
    """Return the largest accumulator that the integer network can reach on any input.

    Raises:
        ModelError: it is 2²⁴ or more, so float32 sums could differ between machines.
    """
    return max(layer.prove() for layer in network.scales.layers())


@torch.no_grad()
def round_weights(network: nn.Module) -> None:
    """Round the weights of all convolutions to 16 bits, so that a model file can hold them in half the space."""
    for module in network.modules():
        if isinstance(module, Pointwise | Depthwise):
            module.weight.copy_(module.weight.half().float())


@torch.no_grad()
def export_graphs(network: CodecNetwork) -> dict[str, bytes]:
    """Export all steps as ONNX.

    Args:
        network: trained network.

    Returns:
        Serialized ONNX models by step. Weights that float16 holds exactly are stored in it, and used in float32.

    Raises:
        ModelError: the integer network is not proven exact.
    """
    prove_exact(network)
    network = network.eval()
    return {name: _export(module, inputs) for name, (module, inputs) in step_modules(network).items()}


def _export(module: nn.Module, inputs: tuple[Tensor, ...]) -> bytes:
    dynamic = torch.export.Dim.DYNAMIC
    shapes = tuple(
        None
        if tensor.dtype == torch.int64
        else {1: dynamic, 2: dynamic}
        if tensor.dtype == torch.uint8
        else {2: dynamic, 3: dynamic}
        for tensor in inputs
    )
    return to_onnx(module, inputs, shapes)
