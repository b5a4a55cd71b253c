"""The building blocks that all transforms share."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Pointwise(nn.Module):
    """1×1 convolution. The weight is kept as a matrix [out, in], the shape that matrix optimizers need.

    Args:
        inputs: number of input channels.
        outputs: number of output channels.
        scale: factor of the random initial weights.
    """

    def __init__(self, inputs: int, outputs: int, scale: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * (scale / inputs**0.5))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, in, H, W] to [B, out, H, W]."""
        return F.conv2d(x, self.weight[:, :, None, None], self.bias)

    @torch.no_grad()
    def set_weight(self, matrix: Tensor) -> None:
        """Set the weight, [out, in]."""
        self.weight.copy_(matrix)


class Depthwise(nn.Module):
    """Depthwise convolution with zero padding, which starts near the identity.

    Args:
        channels: number of channels.
        dilation: distance between the taps of a filter.
        kernel: side of a filter, odd.
    """

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

    A block takes 5C² + 9C multiplications per position with 3×3 filters. It makes few, wide calls because memory
    traffic, not arithmetic, bounds the speed of a CPU.

    Args:
        channels: number of channels.
        dilation: distance between the taps of the depthwise filter.
        kernel: side of the depthwise filter, odd.
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


def signed(logits: Tensor) -> Tensor:
    """Return the probabilities of logits on a scale from -1, surely outside, to 1, surely inside."""
    return (logits / 2).tanh()


def root_compressed(latent: Tensor) -> Tensor:
    """Return x / (1 + 0.58·|x|)^¾ of a latent, for networks to read: at high quality its range is wide.

    This is sign(x)·ln(1 + |x|) within 3 % up to ±100. Engines compute roots several times as fast as logarithms.

    Example:
        >>> root_compressed(torch.tensor([-100.0, 0.0, 1.0, 10.0]))
        tensor([-4.6974,  0.0000,  0.7096,  2.3748])
    """
    root = (1 + 0.58 * latent.abs()).sqrt()
    return latent / (root * root.sqrt())


def stack(channels: int, blocks: int, kernel: int = 3) -> nn.Sequential:
    """Return a sequence of ``blocks`` blocks of ``channels`` channels."""
    return nn.Sequential(*(Block(channels, kernel=kernel) for _ in range(blocks)))


class Down(nn.Sequential):
    """Halve height and width: 2×2 positions become channels, then a 1×1 convolution follows.

    Both are computed as one convolution of 2×2 positions, which moves each value once.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.PixelUnshuffle(2), Pointwise(4 * inputs, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, in, H, W] to [B, out, H/2, W/2]."""
        weight = self.pointwise.weight
        return F.conv2d(x, weight.view(len(weight), -1, 2, 2), self.pointwise.bias, stride=2)

    @property
    def pointwise(self) -> Pointwise:
        """The 1×1 convolution."""
        layer = self[1]
        assert isinstance(layer, Pointwise)
        return layer


class Up(nn.Sequential):
    """Double height and width: a 1×1 convolution, then channels become 2×2 positions."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(Pointwise(inputs, 4 * outputs), nn.PixelShuffle(2))

    @property
    def pointwise(self) -> Pointwise:
        """The 1×1 convolution."""
        layer = self[0]
        assert isinstance(layer, Pointwise)
        return layer
