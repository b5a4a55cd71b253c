"""The segmenter: classes of pixels, and outlines of objects."""

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

_LEAK = 0.1
_MIDDLE, _SPREAD = 114.0, 60.0  # of 8-bit levels


class Seen(NamedTuple):
    """What the segmenter makes of a batch of images.

    Attributes:
        stride4: features, [B, 48, H/4, W/4].
        stride8: features, [B, 96, H/8, W/8].
        stride16: features, [B, 192, H/16, W/16].
        stride32: features, [B, 320, H/32, W/32].
        merged: features at 1/8 that have seen the deeper ones, [B, 96, H/8, W/8].
        classes: logits of nothing, and of each class, [B, 1 + classes, H/8, W/8].
        outlines: logits of where an object ends, [B, 1, H/4, W/4].
    """

    stride4: Tensor
    stride8: Tensor
    stride16: Tensor
    stride32: Tensor
    merged: Tensor
    classes: Tensor
    outlines: Tensor


class Segmenter(nn.Module):
    """Plain convolutions down to 1/32 of the resolution, and up again.

    2.2 GMAC for an image of 320×320, 6.6 M parameters.

    Args:
        classes: to tell apart, beside nothing.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stride4 = nn.Sequential(_conv(3, 32, stride=2), _conv(32, 48, stride=2))
        self.stride8 = _stage(48, 96)
        self.stride16 = _stage(96, 192)
        self.stride32 = _stage(192, 320)
        self.merge16 = _Merge(320, 192, 160)
        self.merge8 = _Merge(160, 96, 96)
        self.merge4 = _Merge(96, 48, 48)
        self.classes = nn.Conv2d(96, 1 + classes, 1)
        self.outlines = nn.Conv2d(48, 1, 1)

    def forward(self, image: Tensor) -> Seen:
        """Look at [B, 3, H, W], RGB, 0..255; H and W multiples of 32."""
        stride4 = self.stride4((image - _MIDDLE) / _SPREAD)
        stride8 = self.stride8(stride4)
        stride16 = self.stride16(stride8)
        stride32 = self.stride32(stride16)
        merged = self.merge8(self.merge16(stride32, stride16), stride8)
        outlines = self.outlines(self.merge4(merged, stride4))
        return Seen(stride4, stride8, stride16, stride32, merged, self.classes(merged), outlines)


def _conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(_LEAK),
    )


def _stage(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(_conv(inputs, outputs, stride=2), _Residual(outputs), _Residual(outputs))


class _Residual(nn.Module):
    """Two convolutions beside the identity, which they start as."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _conv(channels, channels)
        last = nn.BatchNorm2d(channels)
        nn.init.zeros_(last.weight)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), last)

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x + self.second(self.first(x)), _LEAK)


class _Merge(nn.Module):
    """Features of one stage, enlarged twice, with those of the stage before."""

    def __init__(self, deep: int, shallow: int, outputs: int) -> None:
        super().__init__()
        self.deep = _conv(deep, outputs, size=1)
        self.shallow = _conv(shallow, outputs, size=1)
        self.mix = _conv(outputs, outputs)

    def forward(self, deep: Tensor, shallow: Tensor) -> Tensor:
        merged: Tensor = self.mix(
            F.interpolate(self.deep(deep), scale_factor=2.0, mode="nearest") + self.shallow(shallow)
        )
        return merged
