"""Estimated bits of quantized values, differentiable, for training."""

import math

import torch
from torch import Tensor

from fovea.spec import SCALES

_LOG_MIN = math.log(SCALES[0])
_LOG_STEP = (math.log(SCALES[-1]) - _LOG_MIN) / (len(SCALES) - 1)


def scale_of_index(index: Tensor) -> Tensor:
    """Standard deviation that a (possibly fractional) scale index stands for."""
    return torch.exp(_LOG_MIN + _LOG_STEP * index)


def gaussian_bits(residual: Tensor, index: Tensor) -> Tensor:
    """Bits of residuals under a zero-mean Gaussian integrated over unit bins.

    Args:
        residual: any shape; rounded, or with uniform noise added (Ballé et al., 2017).
        index: scale index, same shape, 0..63.

    Returns:
        Bits, same shape, float32.
    """
    scale = scale_of_index(index.float()) * math.sqrt(2)
    magnitude = residual.float().abs()
    # The upper tail is exact where the difference of two values near 1 would cancel.
    probability = 0.5 * (torch.erfc((magnitude - 0.5) / scale) - torch.erfc((magnitude + 0.5) / scale))
    return -torch.log2(probability.clamp(min=2.0**-30))
