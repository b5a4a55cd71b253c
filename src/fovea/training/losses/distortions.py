"""Distortions of decoded images: all are functions of the decoded and the original images and of weights of errors."""

from typing import Protocol

import torch
from torch import Tensor

from fovea.networks import along_quality, background_weight
from fovea.training.losses.config import BackgroundWeight, Normalization
from fovea.training.losses.weighted_error import weighted_error


class Distortion(Protocol):
    """A distortion between decoded and original images, in squared 8-bit levels."""

    def __call__(self, decoded: Tensor, original: Tensor, weight: Tensor) -> Tensor:
        """Return the distortion of each sample, [B].

        Args:
            decoded: decoded images, [B, 3, H, W], 0..255.
            original: original images, same shape and range.
            weight: weight of the error at each pixel, [B, 1, H, W], 0 or more.
        """


def error_weight(mask: Tensor, background: BackgroundWeight, controls: Tensor) -> Tensor:
    """Return the weight of errors: the mask on objects, and β elsewhere.

    Where β follows from the background control, an error weighs 1 everywhere at background 100.

    Args:
        mask: [B, 1, H, W], 0 outside objects; on them 1, or more where errors weigh more.
        background: β, see :data:`fovea.training.losses.config.BackgroundWeight`. 0 is the loss of Shindo et al., "Image
            Coding for Machines with Object Region Learning"; 1 makes every pixel an object.
        controls: int64 [B] or [B, 2]: the quality, and the background if β follows from the background control.

    Returns:
        Same shape as the mask.

    Example:
        >>> mask, quality = torch.tensor([1.0, 0.0]).expand(2, 1, 1, 2), torch.tensor([0, 100])
        >>> error_weight(mask, (0.1, 0.9), quality)[:, 0, 0]
        tensor([[1.0000, 0.1000],
                [1.0000, 0.9000]])
    """
    if isinstance(background, tuple):
        return torch.maximum(mask, along_quality(controls, *background)[:, None, None, None])
    if isinstance(background, str):
        outside = background_weight(controls[:, 1])[:, None, None, None]
        return outside + mask * (1 - outside)
    return mask.clamp(min=background)


def mse(decoded: Tensor, original: Tensor, weight: Tensor) -> Tensor:
    """Return the mean squared error over the whole image.

    Args:
        decoded: decoded images, [B, 3, H, W], 0..255.
        original: original images, same shape and range.
        weight: ignored.

    Returns:
        [B], squared 8-bit levels.
    """
    return weighted_error(decoded, original, original.new_ones(()))


def object_mse(decoded: Tensor, original: Tensor, weight: Tensor, normalization: Normalization = "image") -> Tensor:
    """Return the squared error inside the object regions, ``mean(m ⊙ (x − x̂)²)``.

    Source: Shindo et al., "Image Coding for Machines with Object Region Learning".

    Args:
        decoded: decoded images, [B, 3, H, W], 0..255.
        original: original images, same shape and range.
        weight: m, [B, 1, H, W], see :func:`error_weight`.
        normalization: "image" divides by the number of pixels, so that an image with few objects costs few bits;
            "objects" divides by the sum of the weights, so that objects have the same quality on every image.

    Returns:
        [B], squared 8-bit levels.

    Example:
        >>> import torch
        >>> decoded, original = torch.full((1, 3, 2, 2), 4.0), torch.zeros(1, 3, 2, 2)
        >>> weight = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
        >>> object_mse(decoded, original, weight).item(), mse(decoded, original, weight).item()
        (4.0, 16.0)
        >>> object_mse(decoded, original, weight, normalization="objects").item()
        16.0
    """
    error = weighted_error(decoded, original, weight)
    if normalization == "image":
        return error
    return error / weight.mean(dim=(1, 2, 3)).clamp(min=1e-3)
