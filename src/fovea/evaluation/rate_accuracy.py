"""Rate-accuracy curves, and what is read from them: BD-rate, bits that keep accuracy, and confidence intervals.

**Front.** Accuracy is noisy: sometimes more bits give less accuracy. All figures are read from the Pareto front, the
points that no cheaper point equals. Between these points the logarithm of the rate is interpolated by a monotone cubic
(PCHIP; F. N. Fritsch and R. E. Carlson, "Monotone Piecewise Cubic Interpolation", SIAM Journal on Numerical Analysis,
1980). Nothing is extrapolated.

**BD-rate** is the mean difference of the logarithm of the rate between two curves at equal accuracy, as a percentage:
G. Bjøntegaard, "Calculation of average PSNR differences between RD-curves", ITU-T VCEG-M33, 2001. Accuracy takes the
place of PSNR.

**Intervals** are 95 % intervals of a bootstrap over images (B. Efron, "Bootstrap Methods: Another Look at the
Jackknife", The Annals of Statistics, 1979). Accuracy on a resampled set of images lies a little off that of the whole
set, because rare classes are missing from some resamples, and it does so for every codec alike. Therefore only
differences and ratios within one resample are used, and their spread is laid around the estimate from the whole set.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from fovea.evaluation.metrics import AnyScore, Metric

Floats = NDArray[np.float64]

_QUANTILES = (0.025, 0.975)
"""Bounds of a 95 % interval."""
_FULL_OVERLAP = 0.75
"""Share of the joint range of accuracy that two curves must have in common; less is noted."""
_MIN_ACCURACY = 1e-9
"""Accuracy that is divided by where there is none."""
_MIN_RESAMPLES = 0.9
"""Share of the resamples that must give a figure for an interval to be given."""


@dataclass(frozen=True)
class Point:
    """One codec at one quality on a whole data set.

    Attributes:
        codec: name of the codec.
        quality: quality on the scale of the codec.
        bpp: bits of all files, headers included, over the pixels of all images.
        psnr: PSNR over R, G and B in dB, mean over images; an image without any error counts as 100 dB.
        object_psnr: the same inside the labeled objects, mean over the images that have any; NaN without labels.
        encode_speed: megapixels per second of one process with one thread, all pixels over the time of all images.
        decode_speed: the same for decoding.
        memory: bytes that coding the largest image adds to a bare Python process.
        scores: scores of the recognizers.
    """

    codec: str
    quality: float
    bpp: float
    psnr: float
    object_psnr: float
    encode_speed: float
    decode_speed: float
    memory: int
    scores: Mapping[Metric, AnyScore]


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


_NOTHING = Estimate(math.nan, note="nothing to score")


@dataclass(frozen=True)
class OriginalAccuracy:
    """The accuracy of one recognizer on the originals.

    Attributes:
        value: AP or mIoU, 0 to 1.
        samples: [R] the same on each resampled set of images.
    """

    value: float
    samples: Floats


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
    rates, scores = rates[np.isfinite(scores)], scores[np.isfinite(scores)]
    order = np.lexsort((-scores, rates))
    rates, scores = rates[order], scores[order]
    kept = scores > np.maximum.accumulate(np.concatenate([[-np.inf], scores[:-1]]))
    return rates[kept], scores[kept]


def bd_rate(anchor: Curve, test: Curve) -> Estimate:
    """Return the BD-rate of a codec: how many more bits it takes for the same accuracy, on average.

    Args:
        anchor: curve to compare with.
        test: curve of the codec.

    Returns:
        Percent, negative where the codec saves bits; NaN where the curves have no accuracy in common. The note gives
        the range that is compared where that is but a part of the joint range.
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
    resamples = zip(anchor.rate_samples, anchor.score_samples, test.rate_samples, test.score_samples, strict=True)
    samples = np.array([_log_ratio(front(r, s), front(r2, s2)) for r, s, r2, s2 in resamples])
    note = "" if share >= _FULL_OVERLAP else f"accuracy {100 * low:.0f}–{100 * high:.0f} only"
    value, lowest, highest = (100 * math.expm1(bound) for bound in (value, *_interval(value, samples)))
    return Estimate(value, lowest, highest, note)


def rate_keeping(curve: Curve, original: OriginalAccuracy, share: float) -> Estimate:
    """Return the bitrate at which a part of the accuracy on the originals is kept.

    Args:
        curve: curve of the codec.
        original: accuracy on the originals.
        share: the part, 0 to 1.

    Returns:
        Bits per pixel; NaN where the curve does not reach that accuracy, or begins above it.
    """
    target = share * original.value
    rates, scores = front(curve.rates, curve.scores)
    if not len(scores) or math.isnan(target):
        return _NOTHING
    if target > scores[-1]:
        return Estimate(math.nan, note="not reached")
    if target < scores[0]:
        return Estimate(math.nan, note=f"below {rates[0]:.3f}")
    value = _log_rate(rates, scores, target)
    resamples = zip(curve.rate_samples, curve.score_samples, original.samples, strict=True)
    samples = np.array([_log_rate(*front(r, s), share * whole) for r, s, whole in resamples])
    value, low, high = (math.exp(bound) for bound in (value, *_interval(value, samples)))
    return Estimate(value, low, high)


def share_kept(curve: Curve, original: OriginalAccuracy, rate: float) -> Estimate:
    """Return the part of the accuracy on the originals that is kept at a bitrate.

    Args:
        curve: curve of the codec.
        original: accuracy on the originals.
        rate: bits per pixel.

    Returns:
        Percent; NaN where the curve does not reach that rate. Above the last point of the front the accuracy stays
        that of this point.
    """
    value = 100 * _score(curve.rates, curve.scores, rate) / original.value if original.value > 0 else math.nan
    if math.isnan(value):
        return Estimate(math.nan, note=f"not from {curve.rates.min():.3f} to {curve.rates.max():.3f}")
    resamples = zip(curve.rate_samples, curve.score_samples, original.samples, strict=True)
    samples = np.array([100 * _score(r, s, rate) / max(whole, _MIN_ACCURACY) for r, s, whole in resamples])
    return Estimate(value, *_interval(value, samples))


def confidence_band(curve: Curve, original: OriginalAccuracy) -> tuple[Floats, Floats]:
    """Return 95 % intervals of the kept accuracy, on the scale of the accuracy.

    Args:
        curve: curve of the codec.
        original: accuracy on the originals. Dividing by it cancels what makes a set of images hard for all codecs.

    Returns:
        Lower and upper bound of each point, [P] each; NaN where there is nothing to score.
    """
    kept = curve.score_samples / np.maximum(original.samples, _MIN_ACCURACY)[:, None]
    known = np.isfinite(kept).any(axis=0)
    spread = np.full((2, len(curve.scores)), np.nan)
    spread[:, known] = np.nanquantile(kept[:, known], _QUANTILES, axis=0) - np.nanmedian(kept[:, known], axis=0)
    low, high = curve.scores + original.value * spread
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def _interval(value: float, samples: Floats) -> tuple[float, float]:
    known = samples[np.isfinite(samples)]
    if len(known) < _MIN_RESAMPLES * len(samples):
        return math.nan, math.nan
    low, high = value + np.quantile(known, _QUANTILES) - np.median(known)
    return float(low), float(high)


def _log_ratio(anchor: tuple[Floats, Floats], test: tuple[Floats, Floats]) -> float:
    """Return the natural logarithm of the mean ratio of rates; NaN where the fronts have no accuracy in common."""
    from bjontegaard import bd_rate as percent  # it imports matplotlib, which takes a second

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
    highest = rates.max()
    rates, scores = front(rates, scores)
    if not len(scores) or not rates[0] <= rate <= highest:
        return math.nan
    if rate >= rates[-1]:
        return float(scores[-1])
    return float(PchipInterpolator(np.log(rates), scores)(math.log(rate)))
