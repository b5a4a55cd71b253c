"""Estimated bits of quantized values, differentiable, for training."""

import math

import torch
from torch import Tensor

from fovea.spec import SCALES

_LOG_MIN = math.log(SCALES[0])
_LOG_STEP = (math.log(SCALES[-1]) - _LOG_MIN) / (len(SCALES) - 1)


def scale_of_index(index: Tensor) -> Tensor:
    """Return the standard deviation of a scale index, which may be fractional."""
    return torch.exp(_LOG_MIN + _LOG_STEP * index)


def gaussian_bits(residual: Tensor, index: Tensor) -> Tensor:
    """Return the bits of residuals under a zero-mean Gaussian that is integrated over unit bins.

    Uniform noise in place of rounding makes the estimate differentiable: Ballé, Laparra and Simoncelli, "End-to-end
    Optimized Image Compression" (ICLR 2017).

    Args:
        residual: rounded values, or values with uniform noise in ±½ added, any shape.
        index: scale index 0..63, same shape.

    Returns:
        Bits, same shape, float32.
    """
    scale = scale_of_index(index.float()) * math.sqrt(2)
    magnitude = residual.float().abs()
    # The upper tail is exact where the difference of two values near 1 would cancel.
    probability = 0.5 * (torch.erfc((magnitude - 0.5) / scale) - torch.erfc((magnitude + 0.5) / scale))
    return -torch.log2(probability.clamp(min=2.0**-30))
