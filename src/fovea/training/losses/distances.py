"""Distances between tensors of a recognizer, relative to their variance."""

import torch.nn.functional as F
from torch import Tensor

from fovea.training.losses.weighted_error import weighted_error

_SMALLEST_VARIANCE = 1e-4
"""Added to all variances, so that tensors that hardly vary do not count: the scores of a class vary by less than 0.01
on a picture that does not show it."""


def feature_distance(decoded: Tensor, original: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted squared error of feature maps, relative to the variance of each map as a whole.

    Args:
        decoded: features of the decoded images, [B, C, h, w].
        original: features of the original images, same shape.
        weight: weight of errors in pixels of the images, [B, 1, H, W].

    Returns:
        [B], without a unit.
    """
    height, width = original.shape[2:]
    weight = F.adaptive_avg_pool2d(weight, (height, width))
    centered = original - original.mean((1, 2, 3), keepdim=True)  # Tensor.var takes three times as long
    variance = centered.square().mean((1, 2, 3))
    return weighted_error(decoded, original, weight) / (variance + _SMALLEST_VARIANCE)


def output_distance(decoded: Tensor, original: Tensor) -> Tensor:
    """Return the squared error of an output, relative to the variance of each channel, as a mean over channels.

    Args:
        decoded: output on the decoded images, [B, ...].
        original: output on the original images, same shape.

    Returns:
        [B], without a unit.
    """
    axes = _positions(original)
    error = (decoded - original).square().mean(axes, keepdim=True)
    variance = original.var(axes, correction=0, keepdim=True)
    return (error / (variance + _SMALLEST_VARIANCE)).flatten(1).mean(1)


def _positions(output: Tensor) -> tuple[int, ...]:
    """Return the axes of an output [B, ...] along which the values of one channel lie.

    Maps are [B, channels, H, W]. Lists of boxes are [B, boxes, channels] or [B, channels, boxes], with more boxes than
    channels. A vector, the output of a classifier, is a single channel.
    """
    if output.ndim == 3:
        return (1,) if output.shape[1] > output.shape[2] else (2,)
    return tuple(range(2, output.ndim)) or (1,)
