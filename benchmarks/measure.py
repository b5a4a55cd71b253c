"""Rate and error of coded images."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from fovea import evaluation
from fovea.baselines import Codec, Pixels
from fovea.evaluation import mean_squared_error, nearest_quality


def bits_per_pixel(data: bytes, image: Pixels) -> float:
    """Return the rate of a file, all of its bytes counted."""
    height, width, _ = image.shape
    return 8 * len(data) / float(height * width)


def psnr(image: Pixels, decoded: Pixels, where: NDArray[np.bool_] | None = None) -> float:
    """Return the PSNR over R, G and B in dB, infinite for equal images.

    Args:
        image: original, uint8 [H, W, 3].
        decoded: decoded image, uint8 [H, W, 3].
        where: bool [H, W], True on the pixels that count, at least one of them; by default all count.

    Example:
        >>> image = np.zeros((2, 2, 3), np.uint8)
        >>> round(psnr(image, image + np.uint8(5)), 2)
        34.15
    """
    return evaluation.psnr(mean_squared_error(image, decoded, where))


def encode_near(codec: Codec, image: Pixels, bpp: float, qualities: tuple[int, int] = (0, 100)) -> tuple[int, bytes]:
    """Encode an image at the integer quality whose rate is nearest to the one wanted, as a ratio.

    Args:
        codec: a codec whose rate does not fall when the quality rises.
        image: uint8 [H, W, 3].
        bpp: bits per pixel that are wanted.
        qualities: lowest and highest quality to try.

    Returns:
        The quality and the file.
    """

    @cache
    def encode(quality: int) -> bytes:
        return codec.encode(image, quality)

    low, high = qualities
    size = bpp * image.shape[0] * image.shape[1] / 8
    quality = nearest_quality(lambda quality: len(encode(quality)), size, range(low, high + 1))
    return quality, encode(quality)
