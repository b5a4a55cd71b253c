"""Curves of accuracy over bitrate.

Accuracy is noisy: sometimes more bits give less accuracy. All figures are read from the Pareto front, the points that
no cheaper point equals. Between these points the logarithm of the rate is interpolated by a monotone cubic (PCHIP; F.
N. Fritsch and R. E. Carlson, "Monotone Piecewise Cubic Interpolation", SIAM Journal on Numerical Analysis, 1980).
Nothing is extrapolated.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from fovea.evaluation.figures import Floats


@dataclass(frozen=True)
class Front:
    """The points of a curve that are more accurate than all cheaper ones, and the curve between them.

    Attributes:
        rates: [F] bits per pixel, strictly increasing.
        scores: [F] AP or mIoU, strictly increasing.
    """

    rates: Floats
    scores: Floats

    def log_rate(self, score: float) -> float:
        """Return the logarithm of the rate at an accuracy.

        It is ∞ where the front does not reach the accuracy, −∞ where the front begins above it, and NaN where there is
        no front.
        """
        if not len(self.scores) or math.isnan(score):
            return math.nan
        if not self.scores[0] <= score <= self.scores[-1]:
            return math.copysign(math.inf, score - self.scores[-1])
        if len(self.rates) == 1:
            return math.log(self.rates[0])
        return float(self._log_rates(score))

    def mean_log_rate(self, low: float, high: float) -> float:
        """Return the mean of the logarithm of the rate between two accuracies that the front reaches, low < high."""
        below, above = self._integral([low, high])
        return float(above - below) / (high - low)

    def score(self, rate: float) -> float:
        """Return the accuracy at a rate; NaN below the first point. Above the last point it stays that of this point.

        Args:
            rate: bits per pixel.
        """
        if not len(self.scores) or rate < self.rates[0]:
            return math.nan
        if rate >= self.rates[-1]:
            return float(self.scores[-1])
        return float(self._scores_at(math.log(rate)))

    @cached_property
    def _log_rates(self) -> PchipInterpolator:
        return PchipInterpolator(self.scores, np.log(self.rates))

    @cached_property
    def _scores_at(self) -> PchipInterpolator:
        return PchipInterpolator(np.log(self.rates), self.scores)

    @cached_property
    def _integral(self) -> PchipInterpolator:
        return self._log_rates.antiderivative()


@dataclass(frozen=True)
class Curve:
    """Accuracy over bitrate, of one codec for one recognizer.

    Attributes:
        rates: [P] bits per pixel.
        scores: [P] AP or mIoU, 0 to 1.
        rate_samples: [R, P] bits per pixel on each resampled set of images; the resamples are the same for all codecs.
        score_samples: [R, P] AP or mIoU on each.
    """

    rates: Floats
    scores: Floats
    rate_samples: Floats
    score_samples: Floats

    @classmethod
    def pooled(cls, curves: Sequence[Self]) -> Self:
        """Return a curve of the points of several curves. Its front is their upper envelope, also in each resample."""
        return cls(
            np.concatenate([curve.rates for curve in curves]),
            np.concatenate([curve.scores for curve in curves]),
            np.concatenate([curve.rate_samples for curve in curves], axis=1),
            np.concatenate([curve.score_samples for curve in curves], axis=1),
        )

    @property
    def without_beaten_points(self) -> "Curve":
        """The points of the front alone, in rising order."""
        kept = _front_points(self.rates, self.scores)
        return Curve(self.rates[kept], self.scores[kept], self.rate_samples[:, kept], self.score_samples[:, kept])

    @cached_property
    def front(self) -> Front:
        """The front on all images."""
        return Front(*front(self.rates, self.scores))

    @cached_property
    def front_samples(self) -> tuple[Front, ...]:
        """The front on each resampled set of images."""
        samples = zip(self.rate_samples, self.score_samples, strict=True)
        return tuple(Front(*front(rates, scores)) for rates, scores in samples)


def front(rates: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Keep the points that are more accurate than all cheaper ones.

    Args:
        rates: [P] bits per pixel.
        scores: [P] AP or mIoU; NaN where there is nothing to score.

    Returns:
        Rates and scores, both strictly increasing; empty where all scores are NaN.

    Example:
        >>> front(np.array([0.1, 0.2, 0.4]), np.array([0.3, 0.2, 0.4]))
        (array([0.1, 0.4]), array([0.3, 0.4]))
    """
    kept = _front_points(rates, scores)
    return rates[kept], scores[kept]


def _front_points(rates: Floats, scores: Floats) -> NDArray[np.intp]:
    """Return the indices of the points of the front, in rising order."""
    known = np.flatnonzero(np.isfinite(scores))
    order = known[np.lexsort((-scores[known], rates[known]))]
    rising = scores[order]
    return order[rising > np.maximum.accumulate(np.concatenate([[-np.inf], rising[:-1]]))]
