"""The knobs: quality and background, 0..100; the weights they stand for, and learned vectors that follow them."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fovea.spec import QUALITIES

LAMBDA_MIN, LAMBDA_MAX = 0.0001, 0.08
WEIGHT_OUTSIDE_MIN = 0.01


def along_quality(quality: Tensor, lowest: float, highest: float) -> Tensor:
    """A positive value that follows the quality on a log scale.

    Args:
        quality: any shape, 0..100.
        lowest: at quality 0.
        highest: at quality 100.

    Returns:
        Same shape, float32.
    """
    return lowest * (highest / lowest) ** (quality.float() / (QUALITIES - 1))


def rate_lambda(quality: Tensor) -> Tensor:
    """Weight λ of the distortion in ``R + λ·255²·MSE``, on a log scale from 0.0001 to 0.08.

    Args:
        quality: any shape, 0..100.

    Returns:
        λ, same shape, float32.

    Example:
        >>> rate_lambda(torch.tensor([0, 50, 100]))
        tensor([1.0000e-04, 2.8284e-03, 8.0000e-02])
    """
    return along_quality(quality, LAMBDA_MIN, LAMBDA_MAX)


def step_slope() -> float:
    """Change of the log quantization step over the whole quality range, were λ ∝ step⁻² (high-rate theory)."""
    return 0.5 * math.log(LAMBDA_MAX / LAMBDA_MIN)


def weight_outside(background: Tensor) -> Tensor:
    """What an error outside objects weighs, w₀, on a log scale from 0.01 to 1.

    Args:
        background: any shape, 0..100.

    Returns:
        w₀, same shape, float32; exactly 1 at background 100.

    Example:
        >>> weight_outside(torch.tensor([0, 50, 100]))
        tensor([0.0100, 0.1000, 1.0000])
    """
    return WEIGHT_OUTSIDE_MIN ** (1 - background.float() / (QUALITIES - 1))


def knobs(quality: Tensor, background: Tensor | None = None) -> Tensor:
    """What networks are modulated by.

    Args:
        quality: int64 [B], 0..100.
        background: likewise, for networks that follow it.

    Returns:
        int64 [B], or [B, 2] with both.
    """
    return quality if background is None else torch.stack([quality, background], dim=1)


class KnobTable(nn.Module):
    """A learned vector for each quality, and one for each background that is added: linear between a few anchors.

    Args:
        channels: length of the vectors.
        low: initial value at quality 0.
        high: initial value at quality 100.
        background: whether there is one for each background too, 0 at first.
        anchors: learned points along each axis.
    """

    interpolation: Tensor

    def __init__(self, channels: int, low: float, high: float, background: bool = False, anchors: int = 9) -> None:
        super().__init__()
        self.anchors = nn.Parameter(torch.linspace(low, high, anchors)[:, None].repeat(1, channels))
        self.background_anchors = nn.Parameter(torch.zeros(anchors, channels)) if background else None
        position = torch.arange(QUALITIES)[:, None] * (anchors - 1) / (QUALITIES - 1)
        weight = (1 - (position - torch.arange(anchors)).abs()).clamp(min=0)
        self.register_buffer("interpolation", weight, persistent=False)

    def tables(self) -> list[Tensor]:
        """All vectors by quality, and those by background if there are any: float32 [101, channels], no autocast."""
        with torch.autocast(self.anchors.device.type, enabled=False):
            anchors = [self.anchors] if self.background_anchors is None else [self.anchors, self.background_anchors]
            return [self.interpolation @ each for each in anchors]

    def forward(self, knobs: Tensor) -> Tensor:
        """Vectors at the :func:`knobs` [B] or [B, 2], as [B, channels, 1, 1]."""
        return looked_up(self.tables(), knobs)


def looked_up(tables: Sequence[Tensor], knobs: Tensor) -> Tensor:
    """Sum of the rows of one or two tables [101, channels] at the :func:`knobs`: [B, channels, 1, 1]."""
    columns = [knobs] if knobs.ndim == 1 else knobs.unbind(1)
    rows = [table[column] for table, column in zip(tables, columns, strict=True)]
    return sum(rows[1:], rows[0])[:, :, None, None]
