"""Patches made harder to learn by heart: in other light, and with parts of others on them."""

import torch
from torch import Tensor

from fovea.training.sources import DataConfig

_MIDDLE = 114.0


def augmented(image: Tensor, drawn: Tensor, data: DataConfig) -> tuple[Tensor, Tensor]:
    """Patches for training, as the configuration wants them: see :func:`pasted` and :func:`relit`."""
    if data.pasted:
        image, drawn = pasted(image, drawn, data.pasted)
    return relit(image) if data.relit else image, drawn


def pasted(image: Tensor, drawn: Tensor, chance: float) -> tuple[Tensor, Tensor]:
    """Put a rectangle of another patch of the batch on some: what an object is must be told in other surroundings.

    As CutMix does (Yun et al., 2019), for what is drawn pixel by pixel.

    Args:
        image: [B, 3, H, W].
        drawn: what is on the images, [B, n, H, W]; follows them.
        chance: probability of it, for each patch.

    Returns:
        Both, changed alike.
    """
    shape, device = (len(image), 1, 1, 1), image.device
    inside = torch.rand(shape, device=device) < chance
    for axis in (2, 3):
        length, middle = torch.rand(2, *shape, device=device)
        place = (torch.arange(image.shape[axis], device=device) + 0.5) / image.shape[axis]
        inside = inside & ((place.view(-1, 1) if axis == 2 else place) - middle).abs().lt(length / 2)
    return torch.where(inside, image.roll(1, 0), image), torch.where(inside, drawn.roll(1, 0), drawn)


def relit(image: Tensor) -> Tensor:
    """Other contrast, brightness and tint.

    Args:
        image: [B, 3, H, W], 0..255.

    Returns:
        Same shape, float32, 0..255.
    """

    def between(low: float, high: float, channels: int = 1) -> Tensor:
        return torch.empty(len(image), channels, 1, 1, device=image.device).uniform_(low, high)

    light = between(0.75, 1.3, channels=3) * between(0.7, 1.3)
    return (((image.float() - _MIDDLE) * between(0.6, 1.4) + _MIDDLE) * light).clamp(0, 255)
