"""What the encoder, the decoder and the trained networks must agree on.

These numbers are part of the file format: a model that was trained with others writes files that nobody can read.
"""

import numpy as np
from numpy.typing import NDArray

HIGHEST_QUALITY = 100
"""Qualities are the integers from 0, the smallest file, to this, the best picture."""

QUALITIES = HIGHEST_QUALITY + 1
"""How many qualities there are."""

HIGHEST_BACKGROUND = 100
"""Backgrounds are the integers from 0, where errors outside of objects count least, to this, where all count alike."""

STRIDE = 16
"""Pixels along either side of one position of the latent y."""

FULL_SCALE = 8
"""The scale of a picture that is coded at its own size: scales count eighths."""

HYPER_RATIO = 4
"""Positions of the latent y along either side of one position of the hyper-latent z."""

HYPER_STRIDE = STRIDE * HYPER_RATIO
"""Pixels along either side of one position of the hyper-latent z."""

SCALES: tuple[float, ...] = tuple(0.11 * (64 / 0.11) ** (i / 63) for i in range(64))
"""Standard deviations of the scale indexes; a symbol of index 0 is certainly zero and is skipped."""

MAX_SYMBOL = 1 << 20
"""Largest magnitude of a symbol that can be coded."""

HYPER_MAX = 63
"""Largest magnitude of a symbol of the hyper-latent z."""

REGION_LOGIT = 4.0
"""Logit of a position inside a given region of interest; outside, it has the opposite sign."""

SQUARE_ORDER = (0, 3, 1, 2)
"""Order of the four coding steps in a square of 2×2 positions, numbered row by row: one diagonal, then the other."""


def scaled(length: int, scale: int) -> int:
    """Return the coded length of a side of a picture.

    Args:
        length: length of the side of the picture, in pixels.
        scale: size in eighths, 1 to 8.

    Example:
        >>> scaled(1080, 4), scaled(1, 4), scaled(7, 8)
        (540, 1, 7)
    """
    return -(-length * scale // FULL_SCALE)


def checkerboard(channels: int, height: int, width: int) -> NDArray[np.bool_]:
    """Return which values of a latent the first of two coding steps decodes.

    The two colors of a checkerboard take turns over positions, as proposed by He et al., "Checkerboard Context Model
    for Efficient Learned Image Compression" (CVPR 2021, section 3.2). The upper half of the channels has the opposite
    color, so that each step sees half of the channels at every position.

    Args:
        channels: of the latent.
        height: of the latent.
        width: of the latent.

    Returns:
        bool [channels, height, width].

    Example:
        >>> checkerboard(2, 1, 3).astype(int)[:, 0]
        array([[0, 1, 0],
               [1, 0, 1]])
    """
    odd = (np.arange(height)[:, None] + np.arange(width)) % 2 == 1
    upper = np.arange(channels)[:, None, None] * 2 >= channels
    board: NDArray[np.bool_] = odd ^ upper
    return board


def square_places(channels: int) -> NDArray[np.int64]:
    """Return which values of each square of 2×2 positions each of four coding steps decodes.

    The positions of a square are numbered row by row, and a value by ``4 * channel + position``. Every fourth channel
    goes through the steps in the same order: step n decodes position ``SQUARE_ORDER[n] ^ SQUARE_ORDER[channel % 4]``.
    Compare the quadtree partition of Li, Li and Lu, "Neural Video Compression with Diverse Contexts" (CVPR 2023).

    Args:
        channels: of the latent.

    Returns:
        int64 [4, channels].

    Example:
        >>> square_places(2)
        array([[0, 7],
               [3, 4],
               [1, 6],
               [2, 5]])
    """
    channel, order = np.arange(channels), np.array(SQUARE_ORDER)
    places: NDArray[np.int64] = 4 * channel + (order[:, None] ^ order[channel % 4])
    return places
