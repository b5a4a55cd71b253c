"""The parts of a latent that the four coding steps decode, a quarter of the channels at each position of a square."""

import torch
import torch.nn.functional as F
from torch import Tensor

from fovea.spec import SQUARE_ORDER, square_places


def channel_order(channels: int) -> list[int]:
    """Return the numbers of the channels after ``pixel_unshuffle``, in the order of the steps that decode them.

    Args:
        channels: number of channels before ``pixel_unshuffle``.

    Returns:
        4·channels numbers, a quarter of them for each step.

    Example:
        >>> channel_order(4)
        [0, 7, 9, 14, 3, 4, 10, 13, 1, 6, 8, 15, 2, 5, 11, 12]
    """
    return square_places(channels).ravel().tolist()


def split_squares(latent: Tensor) -> tuple[Tensor, ...]:
    """Split a latent [B, C, h, w] into the parts that the four steps decode, each [B, C, h/2, w/2]."""
    places = torch.tensor(channel_order(latent.shape[1]), device=latent.device)
    return F.pixel_unshuffle(latent, 2).index_select(1, places).chunk(len(SQUARE_ORDER), dim=1)


def join_squares(parts: tuple[Tensor, ...]) -> Tensor:
    """Join the parts of :func:`split_squares` to a latent."""
    places = torch.tensor(channel_order(parts[0].shape[1]), device=parts[0].device)
    return F.pixel_shuffle(torch.cat(parts, dim=1).index_select(1, places.argsort()), 2)
