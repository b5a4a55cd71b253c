"""The networks as they are deployed: one ONNX graph for each step, bytes in, bytes out."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fovea.networks.config import NetworkConfig
from fovea.networks.layers import Depthwise, Pointwise
from fovea.networks.means import FourStepMeans, TwoStepMeans
from fovea.networks.network import CodecNetwork
from fovea.networks.onnx_file import to_onnx
from fovea.networks.prior import INDEX_STEP
from fovea.networks.quality import looked_up
from fovea.networks.transforms import PATCH, Analysis, Synthesis, given_region
from fovea.spec import STRIDE


class _ImageAnalysis(nn.Module):
    """uint8 [1, H, W, 3] to latent, or [1, H, W, 4] where a map of the region of interest belongs to the image.

    Of a network that follows the background, the map comes last: logits [1, 1, H/16, W/16]. Range and layout of pixels
    are folded into the first matrix.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, analysis: Analysis) -> None:
        super().__init__()
        self.analysis = analysis
        weight = analysis.stem.weight.detach()
        self.channels = weight.shape[1] // PATCH**2
        by_pixel = weight.view(-1, self.channels, PATCH, PATCH).permute(0, 2, 3, 1).reshape(weight.shape)
        self.register_buffer("weight", (by_pixel / 127.5).T.contiguous())
        self.register_buffer("bias", analysis.stem.bias.detach() - weight.sum(dim=1))

    def forward(self, image: Tensor, knobs: Tensor, region: Tensor | None = None) -> Tensor:
        height, width = image.shape[1] // PATCH, image.shape[2] // PATCH
        rows = image.view(height, PATCH, width, self.channels * PATCH).permute(0, 2, 1, 3).float()
        x = rows.reshape(height * width, self.channels * PATCH**2) @ self.weight + self.bias
        if self.channels > 3:
            region = given_region(F.avg_pool2d(image[..., 3].float(), STRIDE)[None])
        latent, region = self.analysis.from_stem(x.T.reshape(1, -1, height, width), knobs, region)
        return latent if region is None else torch.cat([latent, region], dim=1)


class _HyperAnalysis(nn.Module):
    """What the analysis gave to z before rounding: its last channel is the region of interest, if there is one."""

    def __init__(self, network: CodecNetwork) -> None:
        super().__init__()
        self.hyper_analysis, self.latent = network.hyper_analysis, network.config.latent

    def forward(self, analyzed: Tensor, knobs: Tensor) -> Tensor:
        region = analyzed[:, self.latent :] if analyzed.shape[1] > self.latent else None
        z: Tensor = self.hyper_analysis(analyzed[:, : self.latent], knobs, region)
        return z


class _ImageSynthesis(nn.Module):
    """Latent to uint8 [1, H, W, 3]."""

    weight: Tensor
    bias: Tensor

    def __init__(self, synthesis: Synthesis) -> None:
        super().__init__()
        self.synthesis = synthesis
        stem = synthesis.stem
        weight = stem.weight.detach().view(3, PATCH, PATCH, -1).permute(1, 2, 0, 3).reshape(stem.weight.shape)
        bias = stem.bias.detach().view(3, PATCH, PATCH).permute(1, 2, 0).reshape(-1)
        self.register_buffer("weight", (weight * 127.5).T.contiguous())
        self.register_buffer("bias", bias * 127.5 + 127.5)

    def forward(self, latent: Tensor, knobs: Tensor) -> Tensor:
        x = self.synthesis.to_stem(latent, knobs)
        height, width = x.shape[2], x.shape[3]
        pixels = x.flatten(2)[0].T @ self.weight + self.bias
        pixels = pixels.round().clamp(0.0, 255.0).to(torch.uint8)
        rows = pixels.view(height, width, PATCH, 3 * PATCH).permute(0, 2, 1, 3)
        return rows.reshape(1, PATCH * height, PATCH * width, 3)


class _Scales(nn.Module):
    """z to table indices, uint8; every layer is a convolution of integers, a power of two, a floor and a clip."""

    def __init__(self, network: CodecNetwork) -> None:
        super().__init__()
        layers = network.scales.layers()
        self.weights = [layer.integer_weight().detach() for layer in layers]
        self.biases = [[bias.detach() for bias in layer.integer_biases()] for layer in layers]
        self.shifts = [layer.accumulator_step / layer.output_step for layer in layers]
        self.tops = [float(layer.output_max) for layer in layers]
        self.groups = [layer.weight.shape[0] if layer.depthwise else 1 for layer in layers]
        assert all(math.log2(shift).is_integer() for shift in self.shifts)
        assert layers[-1].output_step == INDEX_STEP

    def forward(self, z: Tensor, knobs: Tensor) -> Tensor:
        x = z
        for number, (weight, biases, groups) in enumerate(zip(self.weights, self.biases, self.groups, strict=True)):
            bias = looked_up(biases, knobs) if biases[0].ndim == 2 else biases[0][None, :, None, None]
            accumulator = F.conv2d(x, weight, padding=weight.shape[2] // 2, groups=groups) + bias
            x = (accumulator * self.shifts[number]).floor().clamp(0.0, self.tops[number])
            if number in (0, 2):
                x = F.pixel_shuffle(x, 2)
        return x.to(torch.uint8)


class _Means(nn.Module):
    """z to what the next means are made from, and the means of the first step.

    Of a model with a region of interest the quantization steps come last.
    """

    def __init__(self, network: CodecNetwork) -> None:
        super().__init__()
        self.means = network.means

    def forward(self, z: Tensor, knobs: Tensor) -> tuple[Tensor, ...]:
        means = self.means
        features = means.features(z, knobs)
        steps = means.steps(features, knobs)
        if isinstance(means, FourStepMeans):
            features, first = means.step_means(0, features, None)
        else:
            assert isinstance(means, TwoStepMeans)
            first = means.first(features)
        return (features, first) if steps is None else (features, first, steps[0])


class _Context(nn.Module):
    """Features and decoded first half to the means of the second."""

    def __init__(self, means: TwoStepMeans) -> None:
        super().__init__()
        self.means = means

    def forward(self, features: Tensor, decoded: Tensor) -> Tensor:
        return self.means.second_means(features, decoded)


class _StepContext(nn.Module):
    """The state and what the step before has decoded, to the state and the means of one of four steps."""

    def __init__(self, means: FourStepMeans, number: int) -> None:
        super().__init__()
        self.means, self.number = means, number

    def forward(self, state: Tensor, decoded: Tensor) -> tuple[Tensor, Tensor]:
        return self.means.step_means(self.number, state, decoded)


def halo(config: NetworkConfig) -> int:
    """How many latent positions away a pixel, or a latent, is still influenced: the reach of the filters."""
    return math.ceil(max(config.analysis.reach, config.synthesis.reach))


def step_modules(network: CodecNetwork) -> dict[str, tuple[nn.Module, tuple[Tensor, ...]]]:
    """The deployed steps by name, each with example inputs."""
    config = network.config
    knobs = torch.zeros((1, 2) if config.background else (1,), dtype=torch.int64)
    image = torch.zeros(1, 128, 192, config.inputs, dtype=torch.uint8)
    latent = torch.zeros(1, config.latent, 8, 12)
    region = [torch.zeros(1, 1, 8, 12)] if config.background else []
    analyzed = torch.zeros(1, config.latent + config.region, 8, 12)
    z = torch.zeros(1, config.hyper, 2, 3)
    return {
        "analysis": (_ImageAnalysis(network.analysis), (image, knobs, *region)),
        "hyper_analysis": (_HyperAnalysis(network), (analyzed, knobs)),
        "scales": (_Scales(network), (z, knobs)),
        "means": (_Means(network), (z, knobs)),
        **_contexts(network.means, config),
        "synthesis": (_ImageSynthesis(network.synthesis), (latent, knobs)),
    }


def _contexts(means: nn.Module, config: NetworkConfig) -> dict[str, tuple[nn.Module, tuple[Tensor, ...]]]:
    """Steps of the prior after the first."""
    if isinstance(means, FourStepMeans):
        state, decoded = torch.zeros(1, config.prior, 4, 6), torch.zeros(1, config.latent, 4, 6)
        return {f"context{number}": (_StepContext(means, number), (state, decoded)) for number in (1, 2, 3)}
    assert isinstance(means, TwoStepMeans)
    features, decoded = torch.zeros(1, config.prior, 8, 12), torch.zeros(1, config.latent, 8, 12)
    return {"context": (_Context(means), (features, decoded))}


def prove_exact(network: CodecNetwork) -> int:
    """Largest accumulator that the integer network can reach on any input.

    Raises:
        ModelError: it is 2²⁴ or more, so float32 sums could differ between machines.
    """
    return max(layer.prove() for layer in network.scales.layers())


@torch.no_grad()
def round_weights(network: CodecNetwork) -> None:
    """Round the weights of all convolutions to 16 bits, so that a model file can hold them in half the space."""
    for module in network.modules():
        if isinstance(module, Pointwise | Depthwise):
            module.weight.copy_(module.weight.half().float())


@torch.no_grad()
def export_graphs(network: CodecNetwork) -> dict[str, bytes]:
    """Export all steps as ONNX.

    Args:
        network: trained.

    Returns:
        Serialized ONNX models by step. Weights that float16 holds exactly are stored so, and used in float32.

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
