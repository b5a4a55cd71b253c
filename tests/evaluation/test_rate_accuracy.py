import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fovea.evaluation.curves import Curve, front
from fovea.evaluation.rate_accuracy import OriginalAccuracy, confidence_band, rate_keeping, share_kept

from .curves import ORIGINAL, RATES, SCORES, curve


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


@pytest.mark.parametrize(("beyond", "known"), [(1, True), (4, False)])
def test_resamples_that_do_not_reach_count_as_larger(beyond, known):
    whole = np.where(np.arange(50) < beyond, 0.45, 0.4)
    found = rate_keeping(curve(RATES, SCORES), OriginalAccuracy(0.4, whole), 0.95)
    assert found.low == pytest.approx(found.value)
    assert found.interval_text("{:.1f}") == ("0.7…0.7" if known else "0.7…?")


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


def test_pooled_curves_give_their_upper_envelope_in_each_resample():
    small_scores, large_scores = np.array([0.3, 0.32]), np.array([0.2, 0.4])
    resampled = np.array([[0.31, 0.4], [0.2, 0.2]])
    small = Curve(np.array([0.1, 0.2]), small_scores, np.array([[0.1, 0.2]] * 2), np.array([small_scores] * 2))
    large = Curve(np.array([0.15, 0.3]), large_scores, np.array([[0.15, 0.3]] * 2), resampled)
    best = Curve.pooled([small, large])
    assert best.front.rates.tolist() == [0.1, 0.2, 0.3]
    assert best.front.scores.tolist() == [0.3, 0.32, 0.4]
    assert [sample.rates.tolist() for sample in best.front_samples] == [[0.1, 0.15, 0.2, 0.3], [0.1, 0.2]]
    assert best.without_beaten_points.rates.tolist() == [0.1, 0.2, 0.3]


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_no_size_beats_the_best_size(seed: int, sizes: int):
    random = np.random.default_rng(seed)
    curves = [curve(np.sort(random.uniform(0.05, 2, 5)), np.sort(random.uniform(0, 0.4, 5))) for _ in range(sizes)]
    best = Curve.pooled(curves).front
    for single in curves:
        for rate, score in zip(single.rates, single.scores, strict=True):
            assert best.scores[np.searchsorted(best.rates, rate, side="right") - 1] >= score


def test_images_for_a_point_grow_with_the_square_of_the_interval():
    accuracy = OriginalAccuracy(0.4, 0.4 + 0.01 * np.tile([-1.0, 1.0], 50))
    assert accuracy.half_width == pytest.approx(0.0196)
    assert accuracy.images_for_a_point(500) == pytest.approx(500 * 1.96**2)
    assert math.isnan(OriginalAccuracy(math.nan, np.full(3, math.nan)).half_width)
