"""Distortions with one signature: decoded image, original, object mask → one value a sample."""

from typing import Literal, Protocol

from torch import Tensor

Normalization = Literal["image", "objects"]


class Distortion(Protocol):
    """A distortion between decoded and original images, in squared 8-bit levels."""

    def __call__(self, decoded: Tensor, original: Tensor, mask: Tensor) -> Tensor:
        """Compare [B, 3, H, W] images, 0..255, given masks [B, 1, H, W], positive on objects; return [B]."""


def mse(decoded: Tensor, original: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error over the whole image.

    Args:
        decoded: [B, 3, H, W], 0..255.
        original: same shape and range.
        mask: ignored.

    Returns:
        [B], squared 8-bit levels.
    """
    return (decoded - original).square().mean(dim=(1, 2, 3))


def object_mse(
    decoded: Tensor,
    original: Tensor,
    mask: Tensor,
    background: float = 0.0,
    normalization: Normalization = "image",
) -> Tensor:
    """Squared error inside the object regions only: ``mean(m ⊙ (x − x̂)²)``.

    The loss of "Image Coding for Machines with Object Region Learning".

    Args:
        decoded: [B, 3, H, W], 0..255.
        original: same shape and range.
        mask: [B, 1, H, W], 0 outside objects; on them 1, or more where errors shall count more.
        background: weight β of the error outside the objects; 0 is the paper's loss.
        normalization: "image" divides by all pixels, so that an image with few objects costs few bits; "objects"
            divides by the sum of the weights, so that every image is given the same quality on its objects.

    Returns:
        [B], squared 8-bit levels.

    Example:
        >>> import torch
        >>> decoded, original = torch.full((1, 3, 2, 2), 4.0), torch.zeros(1, 3, 2, 2)
        >>> mask = torch.tensor([[[[1, 0], [0, 0]]]])
        >>> object_mse(decoded, original, mask).item(), mse(decoded, original, mask).item()
        (4.0, 16.0)
        >>> object_mse(decoded, original, mask, normalization="objects").item()
        16.0
    """
    weight = mask.to(decoded.dtype).clamp(min=background)
    error = (weight * (decoded - original).square()).mean(dim=(1, 2, 3))
    if normalization == "image":
        return error
    return error / weight.mean(dim=(1, 2, 3)).clamp(min=1e-3)
