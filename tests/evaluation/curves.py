"""Curves whose figures are known."""

import numpy as np

from fovea.evaluation.curves import Curve
from fovea.evaluation.rate_accuracy import OriginalAccuracy

RATES = np.array([0.1, 0.2, 0.4, 0.8])
SCORES = np.array([0.10, 0.20, 0.30, 0.40])
ORIGINAL = OriginalAccuracy(0.4, np.full(50, 0.4))


def curve(rates: np.ndarray, scores: np.ndarray, noise: float = 0, bias: float = 0) -> Curve:
    """A curve whose resamples are its points, shaken and shifted."""
    shaken = np.random.default_rng(1).normal(bias, noise, (50, 1)) if noise else np.full((50, 1), bias)
    return Curve(rates, scores, np.tile(rates, (50, 1)), scores + shaken)
