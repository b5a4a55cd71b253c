"""The quarters of a latent that the four coding steps decode."""

import torch
import torch.nn.functional as F
from torch import Tensor

from fovea.spec import SQUARE_ORDER, square_places


def quarter_channels(channels: int) -> list[int]:
    """Return the numbers of the channels after ``pixel_unshuffle``, in the order of the steps that decode them.

    Args:
        channels: number of channels before ``pixel_unshuffle``.

    Returns:
        4·channels numbers, a quarter of them for each step.

    Example:
        >>> quarter_channels(4)
        [0, 7, 9, 14, 3, 4, 10, 13, 1, 6, 8, 15, 2, 5, 11, 12]
    """
    return square_places(channels).ravel().tolist()


def quarters(latent: Tensor) -> tuple[Tensor, ...]:
    """Split a latent [B, C, h, w] into the parts that the four steps decode, each [B, C, h/2, w/2]."""
    places = torch.tensor(quarter_channels(latent.shape[1]), device=latent.device)
    return F.pixel_unshuffle(latent, 2).index_select(1, places).chunk(len(SQUARE_ORDER), dim=1)


def joined(parts: tuple[Tensor, ...]) -> Tensor:
    """Join the parts of :func:`quarters` to a latent."""
    places = torch.tensor(quarter_channels(parts[0].shape[1]), device=parts[0].device)
    return F.pixel_shuffle(torch.cat(parts, dim=1).index_select(1, places.argsort()), 2)
