"""Rate and error of coded images."""

import numpy as np
from numpy.typing import NDArray

from fovea.baselines import Codec, Picture


def bits_per_pixel(data: bytes, image: Picture) -> float:
    """Rate of a file, all of its bytes counted."""
    height, width, _ = image.shape
    return 8 * len(data) / float(height * width)


def psnr(image: Picture, decoded: Picture, where: NDArray[np.bool_] | None = None) -> float:
    """PSNR over R, G and B.

    Args:
        image: the original, uint8 [H, W, 3].
        decoded: the same shape.
        where: [H, W], the pixels that count, at least one; all by default.

    Returns:
        dB; infinite for equal images.

    Example:
        >>> image = np.zeros((2, 2, 3), np.uint8)
        >>> round(psnr(image, image + np.uint8(5)), 2)
        34.15
    """
    error = (image.astype(np.float32) - decoded) ** 2
    mean = float(np.mean(error if where is None else error[where], dtype=np.float64))
    return float(10 * np.log10(255**2 / mean)) if mean else float("inf")


def encode_near(codec: Codec, image: Picture, bpp: float, qualities: tuple[int, int] = (0, 100)) -> tuple[int, bytes]:
    """Encodes at the integer quality whose rate is nearest to the one wanted, as a ratio.

    Args:
        codec: its rate must not fall as quality rises.
        image: uint8 [H, W, 3].
        bpp: bits per pixel wanted.
        qualities: lowest and highest to try.

    Returns:
        The quality and the file.
    """
    low, high = qualities
    tried: dict[int, bytes] = {}
    while low <= high:
        middle = (low + high) // 2
        tried[middle] = codec.encode(image, middle)
        if bits_per_pixel(tried[middle], image) <= bpp:
            low = middle + 1
        else:
            high = middle - 1
    return min(tried.items(), key=lambda found: abs(np.log(bits_per_pixel(found[1], image) / bpp)))
