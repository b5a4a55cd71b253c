"""The network of the segmenter: classes of pixels, and outlines of objects."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

Activation = Literal["leaky_relu", "silu"]
_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"leaky_relu": partial(nn.LeakyReLU, 0.1), "silu": nn.SiLU}
_MEAN, _DEVIATION = 114.0, 60.0  # of 8-bit levels


class SegmenterOutput(NamedTuple):
    """What the segmenter computes of a batch of images; the numbers of channels C are its ``widths``.

    Attributes:
        stride4: features, [B, C, H/4, W/4].
        stride8: features, [B, C, H/8, W/8].
        stride16: features, [B, C, H/16, W/16].
        stride32: features, [B, C, H/32, W/32].
        merged: features at 1/8 that include the deeper ones, [B, C, H/8, W/8], with C as at 1/8.
        classes: logits of the background and of each class, [B, 1 + classes, H/8, W/8].
        outlines: logits of the edges of objects, [B, 1, H/4, W/4].
    """

    stride4: Tensor
    stride8: Tensor
    stride16: Tensor
    stride32: Tensor
    merged: Tensor
    classes: Tensor
    outlines: Tensor


class Segmenter(nn.Module):
    """Convolutions that reduce the resolution to 1/32, and others that raise it again.

    With the default sizes, it takes 2.2 GMAC for an image of 320×320 and has 6.6 M parameters.

    Args:
        classes: number of classes, without the background.
        widths: numbers of channels at 1/4, 1/8, 1/16 and 1/32 of the resolution.
        blocks: number of residual blocks at each of the last three resolutions.
        activation: activation between convolutions.
    """

    def __init__(
        self,
        classes: int,
        widths: Sequence[int] = (48, 96, 192, 320),
        blocks: int = 2,
        activation: Activation = "leaky_relu",
    ) -> None:
        super().__init__()
        w4, w8, w16, w32 = widths
        act = _ACTIVATIONS[activation]
        self.stride4 = nn.Sequential(_conv(3, 32, act, stride=2), _conv(32, w4, act, stride=2))
        self.stride8 = _stage(w4, w8, blocks, act)
        self.stride16 = _stage(w8, w16, blocks, act)
        self.stride32 = _stage(w16, w32, blocks, act)
        self.merge16 = _Merge(w32, w16, w32 // 2, act)
        self.merge8 = _Merge(w32 // 2, w8, w8, act)
        self.merge4 = _Merge(w8, w4, w4, act)
        self.classes = nn.Conv2d(w8, 1 + classes, 1)
        self.outlines = nn.Conv2d(w4, 1, 1)

    def forward(self, image: Tensor) -> SegmenterOutput:
        """Run on images [B, 3, H, W], RGB, 0..255; H and W are multiples of 32."""
        stride4 = self.stride4((image - _MEAN) / _DEVIATION)
        stride8 = self.stride8(stride4)
        stride16 = self.stride16(stride8)
        stride32 = self.stride32(stride16)
        merged = self.merge8(self.merge16(stride32, stride16), stride8)
        outlines = self.outlines(self.merge4(merged, stride4))
        return SegmenterOutput(stride4, stride8, stride16, stride32, merged, self.classes(merged), outlines)


def _conv(
    inputs: int, outputs: int, activation: Callable[[], nn.Module], size: int = 3, stride: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), activation()
    )


def _stage(inputs: int, outputs: int, blocks: int, activation: Callable[[], nn.Module]) -> nn.Sequential:
    residual = (_Residual(outputs, activation) for _ in range(blocks))
    return nn.Sequential(_conv(inputs, outputs, activation, stride=2), *residual)


class _Residual(nn.Module):
    """Two convolutions beside the identity. They start at zero, so that the block starts as the identity."""

    def __init__(self, channels: int, activation: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.first = _conv(channels, channels, activation)
        last = nn.BatchNorm2d(channels)
        nn.init.zeros_(last.weight)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), last)
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        refined: Tensor = self.activation(x + self.second(self.first(x)))
        return refined


class _Merge(nn.Module):
    """Features of one stage, at twice the resolution, joined with those of the stage before."""

    def __init__(self, deep: int, shallow: int, outputs: int, activation: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.deep = _conv(deep, outputs, activation, size=1)
        self.shallow = _conv(shallow, outputs, activation, size=1)
        self.mix = _conv(outputs, outputs, activation)

    def forward(self, deep: Tensor, shallow: Tensor) -> Tensor:
        merged: Tensor = self.mix(
            F.interpolate(self.deep(deep), scale_factor=2.0, mode="nearest") + self.shallow(shallow)
        )
        return merged
