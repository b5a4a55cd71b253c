import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fovea.entropy import FrequencyTables
from fovea.errors import ModelError
from fovea.spec import MAX_SYMBOL, SCALES


def rows(tables):
    """Return the frequencies of each table from index 1 on, including the escape."""
    return [np.diff(tables.starts[f : f + 2 * r + 3]) for f, r in zip(tables.first[1:], tables.reach[1:], strict=True)]


def test_scales_are_geometric():
    assert len(SCALES) == 64
    assert SCALES[0] == pytest.approx(0.11)
    assert SCALES[-1] == pytest.approx(64)
    assert np.ptp(np.diff(np.log(SCALES))) < 1e-12


def test_gaussian_frequencies_follow_the_density(tables):
    assert len(tables) == 64
    for scale, row in zip(SCALES[1:], rows(tables), strict=True):
        assert row.sum() == 65536
        assert row.min() >= 1
        expected = 65536 * math.erf(0.5 / (scale * math.sqrt(2)))
        assert row[0] == pytest.approx(expected, rel=0.01)
        assert np.abs(row[1:-1:2] - row[2:-1:2]).max() <= 1


def test_gaussian_reach_grows_with_the_scale_up_to_255(tables):
    assert (np.diff(tables.reach[1:]) >= 0).all()
    assert tables.reach[1] == 2
    assert tables.reach[-1] == 255
    for scale, reach in zip(SCALES[1:], tables.reach[1:], strict=True):
        assert math.erfc((reach + 0.5) / (scale * math.sqrt(2))) < 1e-4


def test_gaussian_tables_are_close_to_the_differential_entropy(tables):
    for row in rows(tables):
        p = row / 65536
        assert -(p * np.log2(p)).sum() > 0
    scale, row = SCALES[40], rows(tables)[39]
    differential_entropy = 0.5 * math.log2(2 * math.pi * math.e * scale**2)
    p = row / 65536
    assert -(p * np.log2(p)).sum() == pytest.approx(differential_entropy, rel=2e-3)


def test_empty_counts_give_the_gaussian(tables):
    assert FrequencyTables.from_counts([np.zeros(1, int)] * 64) == tables


def test_counts_outweigh_the_prior():
    histogram = np.array([0, 0, 1000, 98000, 1000, 0, 0])
    (row,) = rows(FrequencyTables.from_counts([[0], histogram], scales=[0.11, 3.0]))
    assert row[0] == pytest.approx(0.98 * 65536, rel=2e-3)
    assert row[1] == pytest.approx(0.01 * 65536, rel=2e-2)


def test_counts_beyond_the_reach_go_to_the_escape():
    histogram = np.zeros(21, int)
    histogram[[0, 8, 20]] = 10000, 60000, 30000  # symbols -10, -2, 10; the reach at this scale is 5
    tables = FrequencyTables.from_counts([[0], histogram], scales=[0.11, 0.7], prior=1e-3)
    assert tables.reach[1] == 5
    (row,) = rows(tables)
    assert row[4] == pytest.approx(0.6 * 65536, rel=1e-3)
    assert row[3] == 1
    assert row[-1] == pytest.approx(0.4 * 65536, rel=1e-3)


@pytest.mark.parametrize("histogram", [[1, 2], [[1]], [], [-1], [math.nan], [math.inf]])
def test_counts_that_are_not_a_histogram_are_refused(histogram):
    with pytest.raises(ValueError, match="histogram"):
        FrequencyTables.from_counts([[0], histogram], scales=[1, 1])


def test_counts_need_one_histogram_for_each_scale():
    with pytest.raises(ValueError, match="1 histograms for 64 scales"):
        FrequencyTables.from_counts([[1]])


@pytest.mark.parametrize("scale", [0, -1, math.inf, math.nan])
def test_scales_that_are_not_positive_are_refused(scale):
    with pytest.raises(ValueError, match="scale"):
        FrequencyTables.gaussian([1, scale])


def test_bytes_round_trip(tables):
    again = FrequencyTables.from_bytes(tables.to_bytes())
    assert again == tables
    assert hash(again) == hash(tables)
    assert again.to_bytes() == tables.to_bytes()
    assert len(tables.to_bytes()) < 16384


def test_bytes_are_little_endian_and_leave_the_escape_out():
    tables = FrequencyTables([[0xABCD, 0x1234, 0x1000, 0x31FF], [0xFFFF, 1]])
    assert tables.to_bytes().hex() == "01cdab34120010" + "00ffff"


def test_no_bytes_give_only_the_table_of_skipped_symbols():
    tables = FrequencyTables.from_bytes(b"")
    assert len(tables) == 1
    assert tables.bits(np.zeros(5, np.uint8), np.zeros(5, int)) == 0


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_or_valid(data):
    try:
        tables = FrequencyTables.from_bytes(data)
    except ModelError:
        return
    assert tables.to_bytes() == data


@pytest.mark.parametrize(
    "data",
    [
        b"\x00",
        b"\x00\x01",
        b"\x00\x00\x00",
        b"\x01\xff\xff\x01\x00\x01\x00",
        b"\x00\x01\x00" * 256,
        b"\xff" * 2000,
    ],
    ids=["no frequency", "half a frequency", "zero", "no room for the escape", "too many", "too large a sum"],
)
def test_broken_bytes_are_refused(data, compiled):
    with pytest.raises(ModelError):
        FrequencyTables.from_bytes(data)
    with pytest.raises(ModelError):
        compiled.prepare(data)


@given(st.binary(max_size=200))
def test_both_implementations_refuse_the_same_tables(compiled, data):
    def accepts(read):
        try:
            read(data)
        except ModelError:
            return False
        return True

    assert accepts(compiled.prepare) == accepts(FrequencyTables.from_bytes)


def test_255_tables_can_be_indexed(compiled):
    data = b"\x00\x00\x80" * 255
    assert len(FrequencyTables.from_bytes(data)) == 256
    compiled.prepare(data)


@pytest.mark.parametrize("row", [[65536], [65536, 0], [65537, -1], [1, 1, 65534], [[65535, 1]], [128] * 514])
def test_wrong_frequencies_are_refused(row):
    with pytest.raises(ModelError):
        FrequencyTables([row])


def test_tables_cannot_be_changed(tables):
    for array in (tables.reach, tables.first, tables.starts):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_bits_of_an_escape():
    tables = FrequencyTables([[32768, 16384, 8192, 8192]])
    assert tables.bits(1, [0, 1, -1]) == 1 + 2 + 3
    assert tables.bits(1, [2]) == 3 + 2  # excess 1: one bit for its length, one for the sign
    assert tables.bits(1, [-5]) == 3 + 6  # excess 4
    assert tables.bits([1, 0], [-MAX_SYMBOL, 0]) == 3 + 40


@pytest.mark.parametrize(
    ("index", "symbol", "message"),
    [
        (64, 0, "table index"),
        (-1, 0, "table index"),
        (1, MAX_SYMBOL + 1, "symbol outside"),
        (0, 1, "skipped"),
    ],
)
def test_bits_of_symbols_that_cannot_be_coded(tables, index, symbol, message):
    with pytest.raises(ValueError, match=message):
        tables.bits(index, symbol)
