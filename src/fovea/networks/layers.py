"""The few building blocks that all transforms share."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Pointwise(nn.Module):
    """1×1 convolution. The weight is kept as a matrix [out, in], the shape that matrix optimizers want."""

    def __init__(self, inputs: int, outputs: int, scale: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * (scale / inputs**0.5))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, in, H, W] to [B, out, H, W]."""
        return F.conv2d(x, self.weight[:, :, None, None], self.bias)


def start_as(layer: nn.Module, matrix: Tensor) -> None:
    """Set the weight of a :class:`Pointwise` layer, [out, in], before training."""
    assert isinstance(layer, Pointwise)
    with torch.no_grad():
        layer.weight.copy_(matrix)


class Depthwise(nn.Module):
    """Depthwise convolution, zero-padded; starts near the identity."""

    def __init__(self, channels: int, dilation: int = 1, kernel: int = 3) -> None:
        super().__init__()
        self.dilation = dilation
        weight = torch.randn(channels, 1, kernel, kernel) * (0.3 / kernel)
        weight[:, :, kernel // 2, kernel // 2] += 1
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Filter [B, C, H, W]."""
        channels, padding = self.weight.shape[0], self.dilation * (self.weight.shape[2] // 2)
        return F.conv2d(x, self.weight, self.bias, padding=padding, dilation=self.dilation, groups=channels)


class Block(nn.Module):
    """Spatial mixing (depthwise → 1×1), then channel mixing (1×1 → LeakyReLU → 1×1), both residual.

    5C² + 9C multiplications a position with filters of 3×3. Few, wide calls: memory traffic, not arithmetic, bounds a
    CPU.
    """

    def __init__(self, channels: int, dilation: int = 1, kernel: int = 3) -> None:
        super().__init__()
        self.depthwise = Depthwise(channels, dilation, kernel)
        # Both branches start small, so that a stack of blocks starts near the identity.
        self.mix = Pointwise(channels, channels, scale=0.05)
        self.expand = Pointwise(channels, 2 * channels, scale=1.4)
        self.contract = Pointwise(2 * channels, channels, scale=0.05)

    def forward(self, x: Tensor) -> Tensor:
        """Refine [B, C, H, W]."""
        x = x + self.mix(self.depthwise(x))
        return x + self.contract(F.leaky_relu(self.expand(x), 0.1))


def stack(channels: int, blocks: int, kernel: int = 3) -> nn.Sequential:
    """``blocks`` blocks of ``channels`` channels."""
    return nn.Sequential(*(Block(channels, kernel=kernel) for _ in range(blocks)))


class Down(nn.Sequential):
    """Halve height and width: 2×2 positions become channels, then 1×1."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.PixelUnshuffle(2), Pointwise(4 * inputs, outputs))


class Up(nn.Sequential):
    """Double height and width: 1×1, then channels become 2×2 positions."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(Pointwise(inputs, 4 * outputs), nn.PixelShuffle(2))
