"""Figures with confidence intervals.

Intervals are 95 % intervals of a bootstrap over images (B. Efron, "Bootstrap Methods: Another Look at the Jackknife",
The Annals of Statistics, 1979). Accuracy on a resampled set of images lies a little off that of the whole set, because
rare classes are missing from some resamples, and it does so for every codec alike. Therefore only differences and
ratios within one resample are used, and their spread is laid around the estimate from the whole set.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

QUANTILES = (0.025, 0.975)
"""Bounds of a 95 % interval."""
_MIN_RESAMPLES = 0.9
"""Share of the resamples that must give a figure for an interval to be given."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes:
        value: the figure; NaN where there is none.
        low: lower bound; NaN where too few resamples give the figure.
        high: upper bound; NaN where too few resamples give the figure.
        note: why there is no figure, or what it does not cover.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    note: str = ""


@dataclass(frozen=True)
class LogFigure:
    """The natural logarithm of a figure: of a rate, or of a ratio of rates.

    Attributes:
        value: the logarithm; NaN where there is none.
        samples: [R] the same on each resampled set of images; empty where there is no value.
        note: why there is no figure, or what it does not cover.
    """

    value: float
    samples: Floats
    note: str = ""

    @classmethod
    def nothing(cls, note: str) -> Self:
        """Return that there is no figure, and why."""
        return cls(math.nan, np.empty(0), note)

    @property
    def figure(self) -> Estimate:
        """The figure itself."""
        value, low, high = (math.exp(bound) for bound in self._bounds)
        return Estimate(value, low, high, self.note)

    @property
    def percent(self) -> Estimate:
        """By how many percent a ratio differs from 1."""
        value, low, high = (100 * math.expm1(bound) for bound in self._bounds)
        return Estimate(value, low, high, self.note)

    @property
    def _bounds(self) -> tuple[float, float, float]:
        return self.value, *interval(self.value, self.samples)


def mean_of_logs(figures: Sequence[LogFigure]) -> LogFigure:
    """Return the mean of logarithms, which is that of the geometric mean of the figures.

    Args:
        figures: logarithms on the same resamples; those without a value are left out, and the note counts them.
    """
    known = [one for one in figures if math.isfinite(one.value)]
    if not known:
        return LogFigure.nothing("no recognizer gives a figure")
    note = "" if len(known) == len(figures) else f"{len(known)} of {len(figures)} recognizers"
    value = sum(one.value for one in known) / len(known)
    return LogFigure(value, np.mean([one.samples for one in known], axis=0), note)


def interval(value: float, samples: Floats) -> tuple[float, float]:
    """Return the 95 % interval around an estimate.

    Args:
        value: the estimate from all images.
        samples: [R] the estimate from each resampled set of images, NaN where a set gives none.

    Returns:
        Lower and upper bound; NaN where too few sets give a figure.
    """
    known = samples[np.isfinite(samples)]
    if not len(known) or len(known) < _MIN_RESAMPLES * len(samples):
        return math.nan, math.nan
    low, high = value + np.quantile(known, QUANTILES) - np.median(known)
    return float(low), float(high)
