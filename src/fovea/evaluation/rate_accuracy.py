"""What curves tell: bitrate at equal accuracy, bitrate that keeps accuracy, and how sure both are.

Accuracy over bitrate is noisy, and now and then more bits give less accuracy. Nobody would pay for that, so all
figures are read from the *front*: the points that no cheaper point equals. Between them the logarithm of the rate is
interpolated by a monotone cubic (PCHIP); beyond them nothing is told.

Intervals come from a bootstrap over images. Resampled accuracy lies a little off that of the whole set, because rare
classes drop out of some resamples, and it does so for every codec alike. Hence only differences and
ratios within one resample are used, and their spread is laid around the estimate from the whole set.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Floats = NDArray[np.float64]

_TAILS = (0.025, 0.975)
_MOST = 0.75
"""Share of the accuracies of two curves that both must reach; comparing less is told."""
_LEAST = 1e-9
"""Accuracy that is divided by instead of none."""
_ENOUGH = 0.9
"""Share of resamples that must give a figure before an interval is told."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    """NaN where there is none."""
    low: float = math.nan
    high: float = math.nan
    """NaN where too few resamples give the figure."""
    note: str = ""
    """Why there is no figure, or what it does not cover."""


_NOTHING = Estimate(math.nan, note="nothing to score")


@dataclass(frozen=True)
class Whole:
    """Accuracy on the originals."""

    score: float
    samples: Floats
    """[R] on each resampled set of images."""


@dataclass(frozen=True)
class Curve:
    """Accuracy over bitrate of one codec for one recognizer."""

    rates: Floats
    """[P] bits per pixel."""
    scores: Floats
    """[P] average precision or mean intersection over union, 0 to 1."""
    rate_samples: Floats
    """[R, P] bits per pixel of each resampled set of images; the resamples are the same for all codecs."""
    score_samples: Floats
    """[R, P] accuracy of each."""


def front(rates: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Keeps the points that beat all cheaper ones.

    Args:
        rates: [P].
        scores: [P], NaN where there is nothing to score.

    Returns:
        Rates and scores, both strictly increasing; none where all scores are NaN.

    Example:
        >>> front(np.array([0.1, 0.2, 0.4]), np.array([0.3, 0.2, 0.4]))
        (array([0.1, 0.4]), array([0.3, 0.4]))
    """
    rates, scores = rates[np.isfinite(scores)], scores[np.isfinite(scores)]
    order = np.lexsort((-scores, rates))
    rates, scores = rates[order], scores[order]
    kept = scores > np.maximum.accumulate(np.concatenate([[-np.inf], scores[:-1]]))
    return rates[kept], scores[kept]


def bd_rate(anchor: Curve, test: Curve) -> Estimate:
    """Bjøntegaard's delta rate: how many more bits a codec takes for the same accuracy, on average.

    Args:
        anchor: the curve to compare with.
        test: the curve of the codec.

    Returns:
        In percent, negative where the codec saves bits; NaN where the curves share no range of accuracy. The note
        tells the range that is compared where it is but a part.
    """
    ours, theirs = front(test.rates, test.scores), front(anchor.rates, anchor.scores)
    if not (len(ours[1]) and len(theirs[1])):
        return _NOTHING
    low, high = max(ours[1][0], theirs[1][0]), min(ours[1][-1], theirs[1][-1])
    if not low < high:
        spans = " and ".join(f"{100 * s[0]:.0f}–{100 * s[-1]:.0f}" for _, s in (ours, theirs))
        return Estimate(math.nan, note=f"no common accuracy: {spans}")
    share = (high - low) / (max(ours[1][-1], theirs[1][-1]) - min(ours[1][0], theirs[1][0]))
    value = _log_ratio(theirs, ours)
    drawn = zip(anchor.rate_samples, anchor.score_samples, test.rate_samples, test.score_samples, strict=True)
    samples = np.array([_log_ratio(front(r, s), front(r2, s2)) for r, s, r2, s2 in drawn])
    note = "" if share >= _MOST else f"accuracy {100 * low:.0f}–{100 * high:.0f} only"
    middle, least, most = (100 * math.expm1(bound) for bound in (value, *_interval(value, samples)))
    return Estimate(middle, least, most, note)


def rate_keeping(curve: Curve, whole: Whole, share: float) -> Estimate:
    """The bitrate at which a part of the uncompressed accuracy is kept.

    Args:
        curve: of the codec.
        whole: accuracy on the originals.
        share: the part, 0 to 1.

    Returns:
        Bits per pixel; NaN where the curve does not reach that far, or begins above it.
    """
    target = share * whole.score
    rates, scores = front(curve.rates, curve.scores)
    if not len(scores) or math.isnan(target):
        return _NOTHING
    if target > scores[-1]:
        return Estimate(math.nan, note="not reached")
    if target < scores[0]:
        return Estimate(math.nan, note=f"below {rates[0]:.3f}")
    value = _log_rate(rates, scores, target)
    samples = np.array(
        [
            _log_rate(*front(r, s), share * w)
            for r, s, w in zip(curve.rate_samples, curve.score_samples, whole.samples, strict=True)
        ]
    )
    middle, least, most = (math.exp(bound) for bound in (value, *_interval(value, samples)))
    return Estimate(middle, least, most)


def share_kept(curve: Curve, whole: Whole, rate: float) -> Estimate:
    """The part of the uncompressed accuracy that is kept at a bitrate.

    Args:
        curve: of the codec.
        whole: accuracy on the originals.
        rate: bits per pixel.

    Returns:
        In percent; NaN where the curve does not reach that rate. Above the last point of its front more bits bring no
        more.
    """
    value = 100 * _score(curve.rates, curve.scores, rate) / whole.score if whole.score > 0 else math.nan
    if math.isnan(value):
        return Estimate(math.nan, note=f"not from {curve.rates.min():.3f} to {curve.rates.max():.3f}")
    drawn = zip(curve.rate_samples, curve.score_samples, whole.samples, strict=True)
    samples = np.array([100 * _score(r, s, rate) / max(w, _LEAST) for r, s, w in drawn])
    return Estimate(value, *_interval(value, samples))


def band(curve: Curve, whole: Whole) -> tuple[Floats, Floats]:
    """95 % intervals of the accuracy kept, on the scale of the accuracy.

    Args:
        curve: of the codec.
        whole: accuracy on the originals. What makes a set of images hard for all codecs cancels out against it.

    Returns:
        Lower and upper bound of each point, [P] each; NaN where there is nothing to score.
    """
    kept = curve.score_samples / np.maximum(whole.samples, _LEAST)[:, None]
    known = np.isfinite(kept).any(axis=0)
    spread = np.full((2, len(curve.scores)), np.nan)
    spread[:, known] = np.nanquantile(kept[:, known], _TAILS, axis=0) - np.nanmedian(kept[:, known], axis=0)
    low, high = curve.scores + whole.score * spread
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def _interval(value: float, samples: Floats) -> tuple[float, float]:
    known = samples[np.isfinite(samples)]
    if len(known) < _ENOUGH * len(samples):
        return math.nan, math.nan
    low, high = value + np.quantile(known, _TAILS) - np.median(known)
    return float(low), float(high)


def _log_ratio(anchor: tuple[Floats, Floats], test: tuple[Floats, Floats]) -> float:
    """Natural logarithm of the mean ratio of rates; NaN where the fronts share no range of accuracy."""
    from bjontegaard import bd_rate as percent  # brings matplotlib along, which takes a second

    if not (len(anchor[1]) and len(test[1])):
        return math.nan
    if not max(anchor[1][0], test[1][0]) < min(anchor[1][-1], test[1][-1]):
        return math.nan
    return math.log1p(percent(*anchor, *test, "pchip", require_matching_points=False, min_overlap=0) / 100)


def _log_rate(rates: Floats, scores: Floats, target: float) -> float:
    if not len(scores) or not scores[0] <= target <= scores[-1]:
        return math.nan
    if len(rates) == 1:
        return math.log(rates[0])
    return float(PchipInterpolator(scores, np.log(rates))(target))


def _score(rates: Floats, scores: Floats, rate: float) -> float:
    tried = rates
    rates, scores = front(rates, scores)
    if not len(scores) or not rates[0] <= rate <= tried.max():
        return math.nan
    if rate >= rates[-1]:
        return float(scores[-1])
    return float(PchipInterpolator(np.log(rates), scores)(math.log(rate)))
