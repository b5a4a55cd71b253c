"""Codecs against each other."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fovea.evaluation.comparison import SHARES, bd_rate, compare, mean_over_recognizers
from fovea.evaluation.curves import Curve
from fovea.evaluation.rate_accuracy import OriginalAccuracy, rate_keeping

from .curves import ORIGINAL, RATES, SCORES, curve


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


def test_more_bits_for_less_accuracy_are_left_out():
    dented = curve(RATES, np.array([0.10, 0.20, 0.15, 0.40]))
    plain = curve(RATES[[0, 1, 3]], SCORES[[0, 1, 3]])
    assert bd_rate(plain, dented).value == pytest.approx(0)


def shaken(scale: float, seed: int) -> Curve:
    """A curve with noise of its own on every point."""
    random = np.random.default_rng(seed)
    scores = SCORES + random.normal(0, 0.004, (50, 4))
    return Curve(scale * RATES, SCORES, scale * RATES * random.uniform(0.98, 1.02, (50, 4)), scores)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.floats(0.02, 3), min_size=4, max_size=4, unique=True),
    st.lists(st.floats(0.05, 0.5), min_size=4, max_size=4, unique=True),
)
def test_whole_range_is_that_of_the_usual_library(rates: list[float], scores: list[float]):
    bjontegaard = pytest.importorskip("bjontegaard")
    test = curve(np.sort(rates), np.sort(scores))
    found = bd_rate(curve(RATES, SCORES), test)
    if min(0.4, max(scores)) - max(0.1, min(scores)) > 0.001 and np.diff(np.sort(scores)).min() > 1e-4:
        theirs = bjontegaard.bd_rate(
            RATES, SCORES, np.sort(rates), np.sort(scores), "pchip", require_matching_points=False, min_overlap=0
        )
        assert found.value == pytest.approx(theirs, rel=1e-6, abs=1e-6)


def test_useful_range_leaves_out_what_keeps_too_little():
    """Below an accuracy of 30 the one codec takes more bits, above it half of them."""
    wasteful = curve(np.array([0.15, 0.18, 0.2, 0.4]), SCORES)
    original = OriginalAccuracy(0.375, np.full(50, 0.375))  # 80 % of it are 0.3
    assert bd_rate(curve(RATES, SCORES), wasteful, original, 0.8).value == pytest.approx(-50, abs=6)
    assert bd_rate(curve(RATES, SCORES), wasteful).value > -40


def test_useful_range_moves_with_each_resample():
    """Where codec and originals gain alike, the range that counts is the same part of the curve."""
    noise = np.random.default_rng(3).normal(0, 0.03, 50)
    original = OriginalAccuracy(0.4, 0.4 * (1 + noise))
    moved = [Curve(r, SCORES, np.tile(r, (50, 1)), SCORES * (1 + noise[:, None])) for r in (RATES, RATES**1.2)]
    found = bd_rate(*moved, original, 0.8)
    assert (found.low, found.high) == pytest.approx((found.value, found.value), abs=1e-6)


def test_what_keeps_too_little_is_not_compared_in_the_useful_range():
    found = bd_rate(curve(RATES, SCORES), curve(RATES, SCORES / 2), ORIGINAL, 0.8)
    assert math.isnan(found.value)
    assert found.note == "not both above 80 %"


def test_both_directions_of_a_pair_agree():
    curves = {"a": shaken(1, 1), "b": shaken(0.7, 2), "c": shaken(0.3, 3)}
    found = {(pair.codec, pair.against): pair for pair in compare(curves, ORIGINAL)}
    assert list(found) == list(permutations("abc", 2))
    for one, other in permutations("abc", 2):
        forth, back = found[one, other], found[other, one]
        for figure, reverse in [(forth.whole, back.whole), (forth.useful, back.useful)] + [
            (forth.keeping[share], back.keeping[share]) for share in SHARES
        ]:
            assert figure.figure.value * reverse.figure.value == pytest.approx(1)
            assert figure.figure.low == pytest.approx(1 / reverse.figure.high, nan_ok=True)


def test_ratio_is_that_of_the_rates_and_its_interval_that_of_their_difference():
    curves = {"a": shaken(1, 1), "b": shaken(0.5, 1)}
    ratio = compare(curves, ORIGINAL)[1].keeping[0.9].figure
    rates = {name: rate_keeping(one, ORIGINAL, 0.9).value for name, one in curves.items()}
    assert ratio.value == pytest.approx(rates["b"] / rates["a"])
    assert (ratio.low, ratio.high) == pytest.approx((0.5, 0.5))  # the noise is the same


def test_mean_over_recognizers_is_geometric_and_leaves_out_what_is_unknown():
    easy = compare({"a": shaken(1, 1), "b": shaken(0.5, 1)}, ORIGINAL)
    hard = compare({"a": shaken(1, 1), "b": shaken(0.125, 1)}, ORIGINAL)
    unknown = compare({"a": shaken(1, 1), "b": curve(RATES, SCORES - 0.5)}, ORIGINAL)
    mean = mean_over_recognizers([easy, hard])[1]
    assert (mean.codec, mean.against) == ("b", "a")
    assert mean.keeping[0.8].figure.value == pytest.approx(0.25)
    assert mean.whole.percent.value == pytest.approx(-75)
    partly = mean_over_recognizers([easy, unknown])[1]
    assert partly.whole.percent.value == pytest.approx(-50)
    assert partly.whole.note == "1 of 2 recognizers"
    assert mean_over_recognizers([unknown, unknown])[1].whole.note == "no recognizer gives a figure"
