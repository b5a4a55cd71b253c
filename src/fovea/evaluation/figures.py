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
        low: lower bound; NaN where too few resamples give the figure, or where the bound lies beyond the curves.
        high: upper bound, likewise.
        note: why there is no figure, or what it does not cover.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    note: str = ""

    def interval_text(self, pattern: str) -> str:
        """Return the interval as text, with a question mark for a bound that is not known; "" where none is known.

        Args:
            pattern: format of a bound.

        Example:
            >>> Estimate(0.5, low=0.25).interval_text("{:.2f}")
            '0.25…?'
        """
        bounds = (self.low, self.high)
        if all(map(math.isnan, bounds)):
            return ""
        return "…".join("?" if math.isnan(bound) else pattern.format(bound) for bound in bounds)


@dataclass(frozen=True)
class LogFigure:
    """The natural logarithm of a figure: of a rate, or of a ratio of rates.

    Attributes:
        value: the logarithm; NaN where there is none.
        samples: [R] the same on each resampled set of images, −∞ or ∞ where it lies beyond the curves, and NaN where a
            set gives none; empty where there is no value.
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
    with np.errstate(invalid="ignore"):  # ∞ − ∞
        return LogFigure(value, np.mean([one.samples for one in known], axis=0), note)


def interval(value: float, samples: Floats) -> tuple[float, float]:
    """Return the 95 % interval around an estimate.

    Args:
        value: the estimate from all images.
        samples: [R] the estimate from each resampled set of images: NaN where a set gives none, −∞ or ∞ where it is
            only known to be smaller or larger than all others.

    Returns:
        Lower and upper bound; NaN where too few sets give a figure. A bound alone is NaN where it is not known.
    """
    known = samples[~np.isnan(samples)]
    if not len(samples) or np.count_nonzero(np.isfinite(samples)) < _MIN_RESAMPLES * len(samples):
        return math.nan, math.nan
    with np.errstate(invalid="ignore"):  # between two infinite samples
        bounds = value + np.quantile(known, QUANTILES) - np.median(known)
    low, high = np.where(np.isfinite(bounds), bounds, math.nan)
    return float(low), float(high)
