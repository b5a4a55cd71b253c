"""The controls of a network, quality and background (0 to 100), and the learned vectors that follow them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fovea.spec import QUALITIES

LAMBDA_MIN, LAMBDA_MAX = 0.0001, 0.08
"""Weight λ of the distortion at quality 0 and at quality 100."""
BACKGROUND_WEIGHT_MIN = 0.01
"""Weight of errors outside the objects at background 0."""


def along_quality(quality: Tensor, lowest: float, highest: float) -> Tensor:
    """Return a positive value that follows the quality on a log scale.

    Args:
        quality: tensor of any shape, 0..100.
        lowest: value at quality 0.
        highest: value at quality 100.

    Returns:
        Same shape, float32.
    """
    return lowest * (highest / lowest) ** (quality.float() / (QUALITIES - 1))


def rate_lambda(quality: Tensor) -> Tensor:
    """Return the weight λ of the distortion in ``R + λ·255²·MSE``, on a log scale from 0.0001 to 0.08.

    Args:
        quality: tensor of any shape, 0..100.

    Returns:
        λ, same shape, float32.

    Example:
        >>> rate_lambda(torch.tensor([0, 50, 100]))
        tensor([1.0000e-04, 2.8284e-03, 8.0000e-02])
    """
    return along_quality(quality, LAMBDA_MIN, LAMBDA_MAX)


def background_weight(background: Tensor) -> Tensor:
    """Return the weight w₀ of an error outside the objects, on a log scale from 0.01 to 1.

    Args:
        background: tensor of any shape, 0..100.

    Returns:
        w₀, same shape, float32; exactly 1 at background 100.

    Example:
        >>> background_weight(torch.tensor([0, 50, 100]))
        tensor([0.0100, 0.1000, 1.0000])
    """
    return BACKGROUND_WEIGHT_MIN ** (1 - background.float() / (QUALITIES - 1))


def stack_controls(quality: Tensor, background: Tensor | None = None) -> Tensor:
    """Return the controls of a batch in the form that networks take.

    Args:
        quality: int64 [B], 0..100.
        background: int64 [B], 0..100, for networks that have this control.

    Returns:
        int64 [B], or [B, 2] with both.
    """
    return quality if background is None else torch.stack([quality, background], dim=1)


class ControlTable(nn.Module):
    """A learned vector for each quality, plus one for each background: linear between a few anchors.

    Such vectors scale features, so that one network serves all rates: the gain units of Cui et al., "Asymmetric Gained
    Deep Image Compression With Continuous Rate Adaptation" (CVPR 2021).

    Args:
        channels: length of the vectors.
        low: initial value at quality 0.
        high: initial value at quality 100.
        background: whether there is also a vector for each background, initially 0, that is added.
        anchors: number of learned points along each axis.
    """

    interpolation: Tensor

    def __init__(self, channels: int, low: float, high: float, background: bool = False, anchors: int = 9) -> None:
        super().__init__()
        self.anchors = nn.Parameter(torch.linspace(low, high, anchors)[:, None].repeat(1, channels))
        self.background_anchors = nn.Parameter(torch.zeros(anchors, channels)) if background else None
        position = torch.arange(QUALITIES)[:, None] * (anchors - 1) / (QUALITIES - 1)
        weight = (1 - (position - torch.arange(anchors)).abs()).clamp(min=0)
        self.register_buffer("interpolation", weight, persistent=False)

    def all_anchors(self) -> list[nn.Parameter]:
        """Return the anchors along the quality and, if there are any, those along the background."""
        return [self.anchors] if self.background_anchors is None else [self.anchors, self.background_anchors]

    def tables(self) -> list[Tensor]:
        """Return the vectors by quality and, if there are any, by background: float32 [101, channels] each."""
        with torch.autocast(self.anchors.device.type, enabled=False):
            return [self.interpolation @ anchors for anchors in self.all_anchors()]

    def forward(self, controls: Tensor) -> Tensor:
        """Return the vectors for controls [B] or [B, 2] as [B, channels, 1, 1]."""
        return look_up(self.tables(), controls)


def look_up(tables: Sequence[Tensor], controls: Tensor) -> Tensor:
    """Return the summed rows of one or two tables [101, channels] at controls [B] or [B, 2] as [B, channels, 1, 1]."""
    columns = [controls] if controls.ndim == 1 else controls.unbind(1)
    rows = [table[column] for table, column in zip(tables, columns, strict=True)]
    return sum(rows[1:], rows[0])[:, :, None, None]
