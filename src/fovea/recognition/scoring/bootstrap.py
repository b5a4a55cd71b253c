"""Resampling of images for the bootstrap (Efron, Bootstrap Methods: Another Look at the Jackknife, The Annals of
Statistics 7, 1979).
"""

import numpy as np
from numpy.typing import NDArray


def resample(images: int, times: int, seed: int = 0) -> NDArray[np.int64]:
    """Draw images with replacement.

    Args:
        images: number of images.
        times: number of resamples.
        seed: seed of the random numbers.

    Returns:
        [times, images] count of each image in each resample; each row sums to ``images``.

    Example:
        >>> resample(4, 3).sum(axis=1).tolist()
        [4, 4, 4]
    """
    return np.random.default_rng(seed).multinomial(images, np.full(images, 1 / images), size=times)
