"""ONNX operators that slide a window over [B, C, H, W]: convolutions and pooling."""

import math

from torch import Tensor
from torch.nn import functional as F

Sizes = list[int] | tuple[int, ...]


def _pads_of_sides(
    x: Tensor, kernel: Sizes, strides: Sizes, dilations: Sizes, pads: Sizes, auto_pad: str
) -> tuple[Sizes, Sizes]:
    """Return the padding at the begin and at the end of height and width."""
    if not auto_pad.startswith("SAME"):
        return pads[:2], pads[2:]
    sizes = zip(x.shape[2:], kernel, strides, dilations, strict=True)
    total = [max((math.ceil(n / s) - 1) * s + (k - 1) * d + 1 - n, 0) for n, k, s, d in sizes]
    less, more = [t // 2 for t in total], [t - t // 2 for t in total]
    return (less, more) if auto_pad == "SAME_UPPER" else (more, less)


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
    begin, end = _pads_of_sides(x, weight.shape[2:], strides, dilations, pads, auto_pad)
    if begin == end:
        return F.conv2d(x, weight, bias, strides, begin, dilations, group)
    # Padding that differs between the sides would copy the input. More of it gives more results, at both ends.
    sides = list(zip(begin, end, strides, strict=True))
    first = [math.ceil(max(e - b, 0) / s) for b, e, s in sides]
    padding = [b + more * s for (b, _, s), more in zip(sides, first, strict=True)]
    windows = [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilations, strict=True)]
    height, width = (
        (n + b + e - window) // s + 1 for n, (b, e, s), window in zip(x.shape[2:], sides, windows, strict=True)
    )
    results = F.conv2d(x, weight, bias, strides, padding, dilations, group)
    return results[:, :, first[0] : first[0] + height, first[1] : first[1] + width]


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
    begin, end = _pads_of_sides(x, kernel_shape, strides, dilations, pads, auto_pad)
    if begin != end:
        x, begin = F.pad(x, (begin[1], end[1], begin[0], end[0]), value=-math.inf), (0, 0)
    return F.max_pool2d(x, kernel_shape, strides, begin, dilations, bool(ceil_mode))
