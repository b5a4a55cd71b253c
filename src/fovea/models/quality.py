"""Quality 0..100, the rate-distortion trade-off it stands for, and learned vectors that follow it."""

import math

import torch
from torch import Tensor, nn

from fovea.coding.model import QUALITIES

LAMBDA_MIN, LAMBDA_MAX = 0.0001, 0.08


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


class QualityTable(nn.Module):
    """A learned vector for each quality: linear between a few anchors.

    Args:
        channels: length of the vectors.
        low: initial value at quality 0.
        high: initial value at quality 100.
        anchors: learned points along the quality axis.
    """

    interpolation: Tensor

    def __init__(self, channels: int, low: float, high: float, anchors: int = 9) -> None:
        super().__init__()
        self.anchors = nn.Parameter(torch.linspace(low, high, anchors)[:, None].repeat(1, channels))
        position = torch.arange(QUALITIES)[:, None] * (anchors - 1) / (QUALITIES - 1)
        weight = (1 - (position - torch.arange(anchors)).abs()).clamp(min=0)
        self.register_buffer("interpolation", weight, persistent=False)

    def table(self) -> Tensor:
        """All vectors, float32 [101, channels], under autocast too."""
        with torch.autocast(self.anchors.device.type, enabled=False):
            return self.interpolation @ self.anchors

    def forward(self, quality: Tensor) -> Tensor:
        """Vectors at integer qualities [B], as [B, channels, 1, 1]."""
        return self.table()[quality][:, :, None, None]
