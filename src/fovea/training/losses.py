"""Distortions with one signature: decoded image, original, what errors weigh → one value a sample."""

from typing import Literal, Protocol

import torch
from torch import Tensor

from fovea.networks.quality import along_quality, weight_outside

Normalization = Literal["image", "objects"]
KNOB = "knob"
Background = float | tuple[float, float] | Literal["knob"]
"""What an error outside the objects weighs; two numbers: at quality 0 and at 100, on a log scale between; or what the
second knob of the networks says."""


class Distortion(Protocol):
    """A distortion between decoded and original images, in squared 8-bit levels."""

    def __call__(self, decoded: Tensor, original: Tensor, weight: Tensor) -> Tensor:
        """Compare [B, 3, H, W] images, 0..255, where errors weigh [B, 1, H, W], 0 or more; return [B]."""


def error_weight(mask: Tensor, background: Background, knobs: Tensor) -> Tensor:
    """What errors weigh: on objects what the mask says, elsewhere β.

    Where the second knob says β, it is 1 at its end, and there an error weighs 1 everywhere.

    Args:
        mask: [B, 1, H, W], 0 outside objects; on them 1, or more where errors shall count more.
        background: β; 0 is the loss of "Image Coding for Machines with Object Region Learning", 1 makes everything an
            object.
        knobs: see :func:`fovea.networks.quality.knobs`; the quality, and the background where that says β.

    Returns:
        Same shape as the mask.

    Example:
        >>> mask, quality = torch.tensor([1.0, 0.0]).expand(2, 1, 1, 2), torch.tensor([0, 100])
        >>> error_weight(mask, (0.1, 0.9), quality)[:, 0, 0]
        tensor([[1.0000, 0.1000],
                [1.0000, 0.9000]])
    """
    if isinstance(background, tuple):
        return torch.maximum(mask, along_quality(knobs, *background)[:, None, None, None])
    if isinstance(background, str):
        outside = weight_outside(knobs[:, 1])[:, None, None, None]
        return outside + mask * (1 - outside)
    return mask.clamp(min=background)


def mse(decoded: Tensor, original: Tensor, weight: Tensor) -> Tensor:
    """Mean squared error over the whole image.

    Args:
        decoded: [B, 3, H, W], 0..255.
        original: same shape and range.
        weight: ignored.

    Returns:
        [B], squared 8-bit levels.
    """
    return (decoded - original).square().mean(dim=(1, 2, 3))


def object_mse(
    decoded: Tensor,
    original: Tensor,
    weight: Tensor,
    normalization: Normalization = "image",
) -> Tensor:
    """Squared error inside the object regions: ``mean(m ⊙ (x − x̂)²)``.

    The loss of "Image Coding for Machines with Object Region Learning".

    Args:
        decoded: [B, 3, H, W], 0..255.
        original: same shape and range.
        weight: m, [B, 1, H, W], of :func:`error_weight`.
        normalization: "image" divides by all pixels, so that an image with few objects costs few bits; "objects"
            divides by the sum of the weights, so that every image is given the same quality on its objects.

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
    error = (weight * (decoded - original).square()).mean(dim=(1, 2, 3))
    if normalization == "image":
        return error
    return error / weight.mean(dim=(1, 2, 3)).clamp(min=1e-3)
