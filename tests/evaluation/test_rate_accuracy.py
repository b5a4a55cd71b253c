import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fovea.evaluation.rate_accuracy import (
    Curve,
    OriginalAccuracy,
    bd_rate,
    confidence_band,
    front,
    rate_keeping,
    share_kept,
)

RATES = np.array([0.1, 0.2, 0.4, 0.8])
SCORES = np.array([0.10, 0.20, 0.30, 0.40])
ORIGINAL = OriginalAccuracy(0.4, np.full(50, 0.4))


def curve(rates: np.ndarray, scores: np.ndarray, noise: float = 0, bias: float = 0) -> Curve:
    """A curve whose resamples are its points, shaken and shifted."""
    shaken = np.random.default_rng(1).normal(bias, noise, (50, 1)) if noise else np.full((50, 1), bias)
    return Curve(rates, scores, np.tile(rates, (50, 1)), scores + shaken)


def test_half_the_bits_at_equal_accuracy_is_minus_fifty_percent():
    found = bd_rate(curve(RATES, SCORES), curve(RATES / 2, SCORES))
    assert found.value == pytest.approx(-50)
    assert found.low == pytest.approx(-50)
    assert found.high == pytest.approx(-50)
    assert found.note == ""


def test_shared_noise_cancels_out():
    """Codecs that gain and lose on the same resamples differ as surely as they would without resampling."""
    found = bd_rate(curve(RATES, SCORES, noise=0.02), curve(RATES / 2, SCORES, noise=0.02))
    assert (found.low, found.high) == pytest.approx((-50, -50))


def test_interval_widens_where_noise_is_not_shared():
    steady, shaken = curve(RATES, SCORES), curve(RATES / 2, SCORES, noise=0.01)
    found = bd_rate(steady, shaken)
    assert found.low < -51 < -49 < found.high


def test_interval_lies_around_the_estimate_though_resamples_are_biased():
    found = bd_rate(curve(RATES, SCORES), curve(RATES, SCORES, bias=0.02))
    assert found.value == pytest.approx(0, abs=1e-9)
    assert (found.low, found.high) == pytest.approx((0, 0), abs=1e-9)


def test_curves_without_common_accuracy_are_not_compared():
    found = bd_rate(curve(RATES, SCORES), curve(RATES, SCORES + 0.5))
    assert math.isnan(found.value)
    assert found.note == "no common accuracy: 60–90 and 10–40"


def test_small_overlap_is_told():
    assert bd_rate(curve(RATES, SCORES), curve(RATES, SCORES + 0.2)).note == "accuracy 30–40 only"


def test_rate_is_interpolated_on_a_logarithmic_scale():
    found = rate_keeping(curve(RATES, SCORES), OriginalAccuracy(0.5, np.full(50, 0.5)), 0.5)  # an AP of 0.25
    assert found.value == pytest.approx(math.sqrt(0.2 * 0.4), rel=0.01)


def test_rate_at_a_point_is_that_of_the_point():
    assert rate_keeping(curve(RATES, SCORES), ORIGINAL, 0.75).value == pytest.approx(0.4)


def test_rate_that_is_not_reached_is_not_extrapolated():
    found = rate_keeping(curve(RATES, SCORES - 0.05), ORIGINAL, 0.95)
    assert math.isnan(found.value)
    assert found.note == "not reached"


def test_rate_below_the_least_tried_is_not_extrapolated():
    found = rate_keeping(curve(RATES, SCORES + 0.3), ORIGINAL, 0.9)
    assert math.isnan(found.value)
    assert found.note == "below 0.100"


def test_no_interval_where_most_resamples_do_not_reach():
    found = rate_keeping(curve(RATES, SCORES, bias=-0.1), ORIGINAL, 0.99)
    assert found.value == pytest.approx(0.8, rel=0.05)
    assert math.isnan(found.low)


def test_share_kept_is_interpolated_and_never_extrapolated():
    kept = {rate: share_kept(curve(RATES, SCORES), ORIGINAL, rate) for rate in (0.09, 0.2, math.sqrt(0.08), 0.8, 0.9)}
    values = [found.value for found in kept.values()]
    assert values[1:4] == pytest.approx([50, 62.5, 100], rel=0.01)
    assert [math.isnan(value) for value in values] == [True, False, False, False, True]
    assert kept[0.9].note == "not from 0.100 to 0.800"
    assert (kept[0.2].low, kept[0.2].high) == pytest.approx((50, 50))


def test_more_bits_that_bring_nothing_keep_what_fewer_did():
    flat = curve(RATES, np.array([0.10, 0.20, 0.30, 0.25]))
    assert share_kept(flat, ORIGINAL, 0.6).value == pytest.approx(75)


def test_more_bits_for_less_accuracy_are_left_out():
    dented = curve(RATES, np.array([0.10, 0.20, 0.15, 0.40]))
    plain = curve(RATES[[0, 1, 3]], SCORES[[0, 1, 3]])
    assert bd_rate(plain, dented).value == pytest.approx(0)


def test_band_is_of_the_accuracy_kept():
    noise = np.random.default_rng(2).normal(1, 0.1, (50, 1))
    noisy = Curve(RATES, SCORES, np.tile(RATES, (50, 1)), SCORES * noise)
    low, high = confidence_band(noisy, OriginalAccuracy(0.4, 0.4 * noise[:, 0]))
    assert low == pytest.approx(SCORES)
    assert high == pytest.approx(SCORES)


@given(st.lists(st.tuples(st.floats(0.01, 10), st.floats(0, 1)), min_size=1, max_size=20))
def test_front_rises_and_beats_every_point(points: list[tuple[float, float]]):
    rates, scores = (np.array(side) for side in zip(*points, strict=True))
    front_rates, front_scores = front(rates, scores)
    assert np.all(np.diff(front_rates) > 0)
    assert np.all(np.diff(front_scores) > 0)
    for rate, score in points:
        assert np.any((front_rates <= rate) & (front_scores >= score))
