"""Quality 0..100, the rate-distortion trade-off it stands for, and learned vectors that follow it."""

import math

import torch
from torch import Tensor, nn

from fovea.coding.model import QUALITIES

LAMBDA_MIN, LAMBDA_MAX = 0.0004, 0.08


def rate_lambda(quality: Tensor) -> Tensor:
    """Weight λ of the distortion in ``R + λ·255²·MSE``, on a log scale from 0.0004 to 0.08.

    Args:
        quality: any shape, 0..100.

    Returns:
        λ, same shape, float32.

    Example:
        >>> rate_lambda(torch.tensor([0, 50, 100]))
        tensor([0.0004, 0.0057, 0.0800])
    """
    return LAMBDA_MIN * (LAMBDA_MAX / LAMBDA_MIN) ** (quality.float() / (QUALITIES - 1))


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
