"""Augmentation of patches: color jitter, and rectangles of other patches."""

import torch
from torch import Tensor

from fovea.training.data.config import PatchConfig

_MIDDLE_GRAY = 114.0


def augment(image: Tensor, maps: Tensor, patch: PatchConfig) -> tuple[Tensor, Tensor]:
    """Augment a batch of patches as a configuration says.

    Args:
        image: [B, 3, H, W], 0..255.
        maps: maps of the objects on the images, [B, n, H, W].
        patch: configuration with ``cutmix`` and ``color_jitter``.

    Returns:
        Images and maps.
    """
    if patch.cutmix:
        image, maps = cutmix(image, maps, patch.cutmix)
    return color_jitter(image) if patch.color_jitter else image, maps


def cutmix(image: Tensor, maps: Tensor, probability: float) -> tuple[Tensor, Tensor]:
    """Paste a rectangle of the patch before it in the batch on some patches, with its maps.

    Objects then appear in other surroundings: Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers
    with Localizable Features" (ICCV 2019), here with labels per pixel.

    Args:
        image: [B, 3, H, W].
        maps: maps of the objects on the images, [B, n, H, W].
        probability: probability of a rectangle, for each patch.

    Returns:
        Images and maps, changed alike.
    """
    shape, device = (len(image), 1, 1, 1), image.device
    inside = torch.rand(shape, device=device) < probability
    for axis in (2, 3):
        length, middle = torch.rand(2, *shape, device=device)
        place = (torch.arange(image.shape[axis], device=device) + 0.5) / image.shape[axis]
        inside = inside & ((place.view(-1, 1) if axis == 2 else place) - middle).abs().lt(length / 2)
    return torch.where(inside, image.roll(1, 0), image), torch.where(inside, maps.roll(1, 0), maps)


def color_jitter(image: Tensor) -> Tensor:
    """Change contrast, brightness and tint at random.

    Args:
        image: [B, 3, H, W], 0..255.

    Returns:
        Same shape, float32, 0..255.
    """

    def uniform(low: float, high: float, channels: int = 1) -> Tensor:
        return torch.empty(len(image), channels, 1, 1, device=image.device).uniform_(low, high)

    light = uniform(0.75, 1.3, channels=3) * uniform(0.7, 1.3)
    return (((image.float() - _MIDDLE_GRAY) * uniform(0.6, 1.4) + _MIDDLE_GRAY) * light).clamp(0, 255)
