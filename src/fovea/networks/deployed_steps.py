"""The networks in the form that is deployed: one module for each step of coding, from 8-bit pixels to 8-bit pixels."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fovea.networks.config import NetworkConfig
from fovea.networks.controls import look_up
from fovea.networks.means import FourStepMeans, TwoStepMeans
from fovea.networks.network import CodecNetwork
from fovea.networks.pixels import PATCH, PixelStem
from fovea.networks.prior import INDEX_STEP
from fovea.networks.transforms import Analysis, Synthesis, map_logits
from fovea.spec import STRIDE


class _ImageAnalysis(nn.Module):
    """Turns pixels into a latent, followed by the logits of the region of interest, if there is one.

    The pixels are uint8 [1, H, W, 3], or [1, H, W, 4] with a map of the region of interest as the last channel. A
    network with a background control takes the logits of the region as its last input, [1, 1, H/16, W/16].
    """

    def __init__(self, analysis: Analysis) -> None:
        super().__init__()
        self.analysis, self.stem = analysis, PixelStem(analysis.stem)

    def forward(self, image: Tensor, controls: Tensor, region: Tensor | None = None) -> Tensor:
        x = self.stem(image)
        if self.stem.channels > 3:
            region = map_logits(F.avg_pool2d(image[..., 3].float(), STRIDE)[None])
        latent, region = self.analysis.from_stem(x, controls, region)
        return latent if region is None else torch.cat([latent, region], dim=1)


class _HyperAnalysis(nn.Module):
    """Turns the output of the analysis, with the region of interest as its last channel, into z before rounding."""

    def __init__(self, network: CodecNetwork) -> None:
        super().__init__()
        self.hyper_analysis, self.latent = network.hyper_analysis, network.config.latent

    def forward(self, analyzed: Tensor, controls: Tensor) -> Tensor:
        region = analyzed[:, self.latent :] if analyzed.shape[1] > self.latent else None
        z: Tensor = self.hyper_analysis(analyzed[:, : self.latent], controls, region)
        return z


class _ImageSynthesis(nn.Module):
    """Turns a latent into pixels, uint8 [1, H, W, 3]."""

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

    def forward(self, latent: Tensor, controls: Tensor) -> Tensor:
        x = self.synthesis.to_stem(latent, controls)
        height, width = x.shape[2], x.shape[3]
        pixels = x.flatten(2)[0].T @ self.weight + self.bias
        pixels = pixels.round().clamp(0.0, 255.0).to(torch.uint8)
        rows = pixels.view(height, width, PATCH, 3 * PATCH).permute(0, 2, 1, 3)
        return rows.reshape(1, PATCH * height, PATCH * width, 3)


class _Scales(nn.Module):
    """Turns z into table indices, uint8. Each layer convolves integers, multiplies by a power of two, floors and clips.

    It computes the same as :class:`fovea.networks.prior.ScaleNetwork`.
    """

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

    def forward(self, z: Tensor, controls: Tensor) -> Tensor:
        x = z
        for number, (weight, biases, groups) in enumerate(zip(self.weights, self.biases, self.groups, strict=True)):
            bias = look_up(biases, controls) if biases[0].ndim == 2 else biases[0][None, :, None, None]
            accumulator = F.conv2d(x, weight, padding=weight.shape[2] // 2, groups=groups) + bias
            x = (accumulator * self.shifts[number]).floor().clamp(0.0, self.tops[number])
            if number in (0, 2):  # the layers ``expand`` and ``expand2``
                x = F.pixel_shuffle(x, 2)
        return x.to(torch.uint8)


class _Means(nn.Module):
    """Turns z into the features from which later means are predicted, and the means of the first step.

    A network with a region of interest also returns the quantization steps.
    """

    def __init__(self, network: CodecNetwork) -> None:
        super().__init__()
        self.means = network.means

    def forward(self, z: Tensor, controls: Tensor) -> tuple[Tensor, ...]:
        means = self.means
        features = means.features(z, controls)
        steps = means.steps(features, controls)
        if isinstance(means, FourStepMeans):
            features, first = means.step_means(0, features, None)
        else:
            assert isinstance(means, TwoStepMeans)
            first = means.first(features)
        return (features, first) if steps is None else (features, first, steps[0])


class _Context(nn.Module):
    """Turns the features and the decoded first half into the means of the second half."""

    def __init__(self, means: TwoStepMeans) -> None:
        super().__init__()
        self.means = means

    def forward(self, features: Tensor, decoded: Tensor) -> Tensor:
        return self.means.second_means(features, decoded)


class _StepContext(nn.Module):
    """Turns the state and the values that the previous step decoded into the next state and the means of a step."""

    def __init__(self, means: FourStepMeans, number: int) -> None:
        super().__init__()
        self.means, self.number = means, number

    def forward(self, state: Tensor, decoded: Tensor) -> tuple[Tensor, Tensor]:
        return self.means.step_means(self.number, state, decoded)


def step_modules(network: CodecNetwork) -> dict[str, tuple[nn.Module, tuple[Tensor, ...]]]:
    """Return the deployed steps by name, each with example inputs."""
    config = network.config
    controls = torch.zeros((1, 2) if config.background else (1,), dtype=torch.int64)
    image = torch.zeros(1, 128, 192, config.inputs, dtype=torch.uint8)
    latent = torch.zeros(1, config.latent, 8, 12)
    region = [torch.zeros(1, 1, 8, 12)] if config.background else []
    analyzed = torch.zeros(1, config.latent + config.region, 8, 12)
    z = torch.zeros(1, config.hyper, 2, 3)
    return {
        "analysis": (_ImageAnalysis(network.analysis), (image, controls, *region)),
        "hyper_analysis": (_HyperAnalysis(network), (analyzed, controls)),
        "scales": (_Scales(network), (z, controls)),
        "means": (_Means(network), (z, controls)),
        **_contexts(network.means, config),
        "synthesis": (_ImageSynthesis(network.synthesis), (latent, controls)),
    }


def _contexts(means: nn.Module, config: NetworkConfig) -> dict[str, tuple[nn.Module, tuple[Tensor, ...]]]:
    """Return the modules that predict the means of the steps after the first, like :func:`step_modules`."""
    if isinstance(means, FourStepMeans):
        state, decoded = torch.zeros(1, config.prior, 4, 6), torch.zeros(1, config.latent, 4, 6)
        return {f"context{number}": (_StepContext(means, number), (state, decoded)) for number in (1, 2, 3)}
    assert isinstance(means, TwoStepMeans)
    features, decoded = torch.zeros(1, config.prior, 8, 12), torch.zeros(1, config.latent, 8, 12)
    return {"context": (_Context(means), (features, decoded))}
