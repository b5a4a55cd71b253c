"""ONNX operators that slide a window over [B, C, H, W]: convolutions and pooling."""

import math

from torch import Tensor
from torch.nn import functional as F

Sizes = list[int] | tuple[int, ...]


def _padded(
    x: Tensor, kernel: Sizes, strides: Sizes, dilations: Sizes, pads: Sizes, auto_pad: str, fill: float
) -> tuple[Tensor, Sizes]:
    """Pad if the padding of the two sides differs, and return the symmetric padding that is left to the operator."""
    begin, end = pads[:2], pads[2:]
    if auto_pad.startswith("SAME"):
        sizes = zip(x.shape[2:], kernel, strides, dilations, strict=True)
        total = [max((math.ceil(n / s) - 1) * s + (k - 1) * d + 1 - n, 0) for n, k, s, d in sizes]
        less, more = [t // 2 for t in total], [t - t // 2 for t in total]
        begin, end = (less, more) if auto_pad == "SAME_UPPER" else (more, less)
    if begin == end:
        return x, begin
    return F.pad(x, (begin[1], end[1], begin[0], end[0]), value=fill), (0, 0)


def conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    kernel_shape: Sizes = (),
    strides: Sizes = (1, 1),
    pads: Sizes = (0, 0, 0, 0),
    dilations: Sizes = (1, 1),
    group: int = 1,
    auto_pad: str = "NOTSET",
) -> Tensor:
    """Apply the operator Conv. The weights have the shape of the kernel, so ``kernel_shape`` is not needed."""
    x, padding = _padded(x, weight.shape[2:], strides, dilations, pads, auto_pad, 0.0)
    return F.conv2d(x, weight, bias, strides, padding, dilations, group)


def conv_transpose(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    kernel_shape: Sizes = (),
    strides: Sizes = (1, 1),
    pads: Sizes = (0, 0, 0, 0),
    output_padding: Sizes = (0, 0),
    dilations: Sizes = (1, 1),
    group: int = 1,
    auto_pad: str = "NOTSET",
) -> Tensor:
    """Apply the operator ConvTranspose. The weights have the shape of the kernel, so ``kernel_shape`` is not needed.

    Raises:
        ValueError: the padding is not symmetric.
    """
    if auto_pad != "NOTSET" or pads[:2] != pads[2:]:
        raise ValueError("padding that differs between the sides is not supported")
    return F.conv_transpose2d(x, weight, bias, strides, pads[:2], output_padding, group, dilations)


def max_pool(
    x: Tensor,
    *,
    kernel_shape: Sizes,
    strides: Sizes = (1, 1),
    pads: Sizes = (0, 0, 0, 0),
    dilations: Sizes = (1, 1),
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    storage_order: int = 0,
) -> Tensor:
    """Apply the operator MaxPool, without its optional second output, the indices."""
    x, padding = _padded(x, kernel_shape, strides, dilations, pads, auto_pad, -math.inf)
    return F.max_pool2d(x, kernel_shape, strides, padding, dilations, bool(ceil_mode))
