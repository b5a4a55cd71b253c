"""Codecs compared with each other, each pair directly.

**BD-rate** is the mean difference of the logarithm of the rate between two curves at equal accuracy, as a percentage:
G. Bjøntegaard, "Calculation of average PSNR differences between RD-curves", ITU-T VCEG-M33, 2001. Accuracy takes the
place of PSNR. The mean is over the accuracies that both curves reach, either all of them or those above a part of the
accuracy on the originals: a range that no codec is used in should not decide.

**Means over recognizers** are means of the logarithms. So the mean of A against B and that of B against A are
reciprocal, like the ratios themselves.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from fovea.evaluation.curves import Curve, Front
from fovea.evaluation.figures import Estimate, LogFigure, mean_of_logs
from fovea.evaluation.rate_accuracy import OriginalAccuracy, log_rate_keeping

SHARES = (0.98, 0.95, 0.90, 0.80)
"""Parts of the accuracy on the originals that lead: bitrates that keep them, and ratios of these bitrates."""
USEFUL_SHARE = 0.80
"""Part of the accuracy on the originals above which the BD-rate of the useful range is taken."""
_FULL_OVERLAP = 0.75
"""Share of the joint range of accuracy that two curves must have in common; less is noted."""


@dataclass(frozen=True)
class Comparison:
    """One codec against another one, for one metric or in the mean over recognizers.

    Attributes:
        codec: name of the codec.
        against: name of the other one.
        keeping: ratio of the bits at which each of ``SHARES`` is kept.
        useful: mean ratio of the bits at equal accuracy, where at least ``USEFUL_SHARE`` is kept.
        whole: the same over all accuracies that both reach.
    """

    codec: str
    against: str
    keeping: Mapping[float, LogFigure]
    useful: LogFigure
    whole: LogFigure


def compare(curves: Mapping[str, Curve], original: OriginalAccuracy) -> list[Comparison]:
    """Compare every codec with every other one, for one metric.

    Args:
        curves: curves by name of the codec.
        original: accuracy on the originals.

    Returns:
        A comparison for each ordered pair.
    """
    kept = {
        name: {share: log_rate_keeping(curve, original, share) for share in SHARES} for name, curve in curves.items()
    }
    return [
        Comparison(
            codec,
            against,
            {share: _ratio(codec, kept[codec][share], against, kept[against][share]) for share in SHARES},
            mean_log_ratio(curves[against], curves[codec], original, USEFUL_SHARE),
            mean_log_ratio(curves[against], curves[codec]),
        )
        for codec, against in permutations(curves, 2)
    ]


def mean_over_recognizers(comparisons: Sequence[Sequence[Comparison]]) -> list[Comparison]:
    """Return the mean of comparisons.

    Args:
        comparisons: comparisons of each recognizer, from :func:`compare`, of the same codecs in the same order.
    """
    return [
        Comparison(
            pair[0].codec,
            pair[0].against,
            {share: mean_of_logs([one.keeping[share] for one in pair]) for share in SHARES},
            mean_of_logs([one.useful for one in pair]),
            mean_of_logs([one.whole for one in pair]),
        )
        for pair in zip(*comparisons, strict=True)
    ]


def bd_rate(anchor: Curve, test: Curve, original: OriginalAccuracy | None = None, share: float = 0) -> Estimate:
    """Return the BD-rate of a codec: how many more bits it takes for the same accuracy, on average.

    Args:
        anchor: curve to compare with.
        test: curve of the codec.
        original: accuracy on the originals; only needed for a ``share``.
        share: part of the accuracy on the originals, 0 to 1: accuracies below it do not count.

    Returns:
        Percent, negative where the codec saves bits; NaN where the curves have no accuracy in common. The note gives
        the range that is compared where that is but a part of the joint range.
    """
    return mean_log_ratio(anchor, test, original, share).percent


def mean_log_ratio(anchor: Curve, test: Curve, original: OriginalAccuracy | None = None, share: float = 0) -> LogFigure:
    """Return the mean logarithm of the ratio of two rates at equal accuracy; see :func:`bd_rate`."""
    ours, theirs = test.front, anchor.front
    floor = -math.inf if original is None else share * original.value
    if not (len(ours.scores) and len(theirs.scores)) or math.isnan(floor):
        return LogFigure.nothing("nothing to score")
    low, high = _common(theirs, ours, floor)
    if not low < high:
        if min(ours.scores[-1], theirs.scores[-1]) <= floor:
            return LogFigure.nothing(f"not both above {share:.0%}".replace("%", " %"))
        spans = " and ".join(f"{100 * f.scores[0]:.0f}–{100 * f.scores[-1]:.0f}" for f in (ours, theirs))
        return LogFigure.nothing(f"no common accuracy: {spans}")
    lowest = max(floor, min(ours.scores[0], theirs.scores[0]))
    overlap = (high - low) / (max(ours.scores[-1], theirs.scores[-1]) - lowest)
    floors = np.full(len(test.rate_samples), -math.inf) if original is None else share * original.samples
    samples = [
        _mean_log_ratio(one, other, least)
        for one, other, least in zip(anchor.front_samples, test.front_samples, floors, strict=True)
    ]
    note = "" if overlap >= _FULL_OVERLAP else f"accuracy {100 * low:.0f}–{100 * high:.0f} only"
    return LogFigure(_mean_log_ratio(theirs, ours, floor), np.array(samples), note)


def _common(anchor: Front, test: Front, floor: float) -> tuple[float, float]:
    """Return the lowest and the highest accuracy above a floor that two fronts share; the lowest is not below the
    highest where they share nothing.
    """
    if not (len(anchor.scores) and len(test.scores)):
        return 0, 0
    return max(anchor.scores[0], test.scores[0], floor), min(anchor.scores[-1], test.scores[-1])


def _mean_log_ratio(anchor: Front, test: Front, floor: float) -> float:
    low, high = _common(anchor, test, floor)
    return test.mean_log_rate(low, high) - anchor.mean_log_rate(low, high) if low < high else math.nan


def _ratio(codec: str, rate: LogFigure, against: str, other: LogFigure) -> LogFigure:
    """Return the ratio of two rates, both as logarithms."""
    if missing := [f"{name}: {one.note}" for name, one in ((codec, rate), (against, other)) if math.isnan(one.value)]:
        return LogFigure.nothing("; ".join(missing))
    with np.errstate(invalid="ignore"):  # ∞ − ∞ where neither reaches the accuracy
        return LogFigure(rate.value - other.value, rate.samples - other.samples)
