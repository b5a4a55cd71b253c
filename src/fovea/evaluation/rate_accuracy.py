"""What is measured of codecs, and what is read from one curve: bits that keep accuracy, and accuracy that is kept.

``curves.py`` tells how curves are read, ``figures.py`` how intervals are made.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fovea.evaluation.curves import Curve, Front
from fovea.evaluation.figures import QUANTILES, Estimate, Floats, LogFigure, interval
from fovea.evaluation.metrics import AnyScore, Metric

_MIN_ACCURACY = 1e-9
"""Accuracy that is divided by where there is none."""
_STANDARD_ERRORS = 1.96
"""Half the width of a 95 % interval of a normal distribution, in standard errors."""
_POINT = 0.01
"""One point of accuracy, of which there are 100."""


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
class OriginalAccuracy:
    """The accuracy of one recognizer on the originals.

    Attributes:
        value: AP or mIoU, 0 to 1.
        samples: [R] the same on each resampled set of images.
    """

    value: float
    samples: Floats

    @property
    def half_width(self) -> float:
        """Half the width of the 95 % interval, from the standard error; NaN where there is nothing to score."""
        known = self.samples[np.isfinite(self.samples)]
        return _STANDARD_ERRORS * float(np.std(known)) if len(known) else math.nan

    def images_for_a_point(self, images: int) -> float:
        """Return the number of images that an interval of one point of accuracy to either side would take.

        The standard error falls with the square root of the number of images.

        Args:
            images: number of images of the accuracy.
        """
        return images * (self.half_width / _POINT) ** 2


def log_rate_keeping(curve: Curve, original: OriginalAccuracy, share: float) -> LogFigure:
    """Return the logarithm of the bitrate at which a part of the accuracy on the originals is kept.

    Args:
        curve: curve of the codec.
        original: accuracy on the originals.
        share: the part, 0 to 1.

    Returns:
        Logarithm of bits per pixel; NaN where the curve does not reach that accuracy, or begins above it.
    """
    target, scores = share * original.value, curve.front.scores
    if not len(scores) or math.isnan(target):
        return LogFigure.nothing("nothing to score")
    if target > scores[-1]:
        return LogFigure.nothing("not reached")
    if target < scores[0]:
        return LogFigure.nothing(f"below {curve.front.rates[0]:.3f}")
    samples = zip(curve.front_samples, original.samples, strict=True)
    return LogFigure(
        curve.front.log_rate(target), np.array([sample.log_rate(share * whole) for sample, whole in samples])
    )


def rate_keeping(curve: Curve, original: OriginalAccuracy, share: float) -> Estimate:
    """Return the bitrate in bits per pixel at which a part of the accuracy is kept; see :func:`log_rate_keeping`."""
    return log_rate_keeping(curve, original, share).figure


def share_kept(curve: Curve, original: OriginalAccuracy, rate: float) -> Estimate:
    """Return the part of the accuracy on the originals that is kept at a bitrate.

    Args:
        curve: curve of the codec.
        original: accuracy on the originals.
        rate: bits per pixel.

    Returns:
        Percent; NaN where the curve does not reach that rate. Between the last point of the front and the last point of
        the curve the accuracy stays that of the front.
    """
    value = 100 * _score(curve.front, curve.rates, rate) / original.value if original.value > 0 else math.nan
    if math.isnan(value):
        return Estimate(math.nan, note=f"not from {curve.rates.min():.3f} to {curve.rates.max():.3f}")
    resamples = zip(curve.front_samples, curve.rate_samples, original.samples, strict=True)
    samples = np.array([100 * _score(best, r, rate) / max(whole, _MIN_ACCURACY) for best, r, whole in resamples])
    return Estimate(value, *interval(value, samples))


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
    spread[:, known] = np.nanquantile(kept[:, known], QUANTILES, axis=0) - np.nanmedian(kept[:, known], axis=0)
    low, high = curve.scores + original.value * spread
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def _score(best: Front, rates: Floats, rate: float) -> float:
    return best.score(rate) if rate <= rates.max() else math.nan
