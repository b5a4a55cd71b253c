"""Probabilities of symbols and their rounding to integer frequencies.

The probabilities of a table stand in the order 0, 1, -1, 2, -2, ..., L, -L, escape, where L is the reach of the table.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

PRECISION = 16
"""Bits of a probability: the frequencies of a table sum to ``2 ** PRECISION``."""

TOTAL = 1 << PRECISION
"""Sum of the frequencies of a table."""

MAX_REACH = 255
"""Largest reach of a table."""


def gaussian(scale: float) -> NDArray[np.float64]:
    """Return the probabilities of a zero-mean Gaussian variable that is rounded to integers.

    Args:
        scale: standard deviation, positive. The reach is a little more than five times as large, but at most 255.

    Returns:
        float64 [2 L + 2], in the order of a table.

    Raises:
        ValueError: the scale is not a positive number.
    """
    if not 0 < scale < math.inf:
        raise ValueError(f"a scale must be a positive number, not {scale}")
    reach = min(math.ceil(5 * scale) + 1, MAX_REACH)
    # erfc keeps its precision in the tail, where differences of erf would be zero.
    tail = np.array([math.erfc((k + 0.5) / (scale * math.sqrt(2))) for k in range(reach + 1)])
    sides = np.repeat((tail[:-1] - tail[1:]) / 2, 2)
    return np.concatenate(([1 - tail[0]], sides, tail[-1:]))


def measured(counts: ArrayLike, scale: float, prior: float) -> NDArray[np.float64]:
    """Return the sum of a histogram of symbols and a weighted Gaussian.

    Args:
        counts: histogram of the symbols -K..K, [2 K + 1].
        scale: standard deviation of the Gaussian, which also sets the reach.
        prior: weight of the Gaussian, in symbols.

    Returns:
        float64 [2 L + 2], in the order of a table. It does not sum to 1.

    Raises:
        ValueError: the counts are not a histogram, or the scale is not a positive number.
    """
    histogram = np.asarray(counts, np.float64)
    if histogram.ndim != 1 or not histogram.size % 2 or not ((histogram >= 0) & (histogram < math.inf)).all():
        raise ValueError("a histogram must be [2 K + 1] counts, none of them negative")
    weights = prior * gaussian(scale)
    middle = histogram.size // 2
    kept = min(middle, weights.size // 2 - 1)
    weights[0 : 2 * kept + 1 : 2] += histogram[middle - kept : middle + 1][::-1]
    weights[1 : 2 * kept + 1 : 2] += histogram[middle + 1 : middle + 1 + kept]
    weights[-1] += histogram[: middle - kept].sum() + histogram[middle + 1 + kept :].sum()
    return weights


def to_frequencies(weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round weights to integer frequencies by the largest remainder method.

    Args:
        weights: float64 [n], not negative, with a positive sum.

    Returns:
        int64 [n], each at least 1, with the sum 65536.
    """
    exact = weights * (TOTAL / weights.sum())
    while (exact < 1).any():  # ends, because each iteration raises at least one more entry to 1 for good
        exact = np.maximum(exact, 1)
        free = exact > 1
        exact[free] *= (TOTAL - np.count_nonzero(~free)) / exact[free].sum()
    frequencies: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    missing = TOTAL - int(frequencies.sum())
    frequencies[np.argsort(frequencies - exact, kind="stable")[:missing]] += 1
    return frequencies
