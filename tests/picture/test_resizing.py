"""Resizing in C gives the pixels of Pillow."""

import importlib
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fovea.picture import resizing
from fovea.picture.resizing import by_pillow, resized, weights

IN_C = pytest.mark.skipif(resizing._RESIZE is None, reason="the C extension is not built")
SIDES = st.one_of(st.integers(1, 40), st.integers(41, 400))


@IN_C
@given(SIDES, SIDES, SIDES, SIDES, st.booleans(), st.integers(0, 9))
def test_pixels_of_pillow(height, width, new_height, new_width, gray, seed):
    shape = (height, width) if gray else (height, width, 3)
    image = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    assert np.array_equal(resized(image, new_width, new_height), by_pillow(image, new_width, new_height))


@IN_C
@pytest.mark.parametrize("scale", range(1, 8))
def test_pixels_of_pillow_in_eighths(scale):
    image = np.random.default_rng(scale).integers(0, 2, (8 * 50, 8 * 31, 3), np.uint8) * np.uint8(255)
    small = resized(image, scale * 31, scale * 50)
    assert np.array_equal(small, by_pillow(image, scale * 31, scale * 50))
    assert np.array_equal(resized(small, 8 * 31, 8 * 50), by_pillow(small, 8 * 31, 8 * 50))


def test_without_the_module_in_c(monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
    expected = resized(image, 20, 12)
    monkeypatch.setattr(resizing, "_RESIZE", None)
    assert np.array_equal(resized(image, 20, 12), expected)


def test_weights_of_enlarging_are_fractions_of_powers_of_two():
    for scale in range(1, 8):
        _, factors = weights(20 * scale, 160)
        inner = factors[16:-16]
        assert np.all(inner % 2**9 == 0), scale  # thirteen bits of 22
        assert np.all(inner.sum(axis=1) == 2**22)


@IN_C
def test_a_part_of_an_array():
    """An array whose rows do not follow each other in memory is copied."""
    image = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)[::2, 5:]
    assert np.array_equal(resized(image, 20, 8), by_pillow(image, 20, 8))


@IN_C
@pytest.mark.parametrize(
    ("out", "height", "width", "channels", "start", "taps"),
    [
        (5, 4, 4, 1, 0, 2),  # the result is too small
        (4, 4, 4, 1, 3, 2),  # the last pixel is outside
        (4, 4, 4, 1, -1, 2),
        (4, 4, 4, 1, 0, 5),
        (4, 4, 5, 1, 0, 2),
        (4, 4, 4, 0, 0, 2),
        (4, -4, -4, 1, 0, 2),
        (4, 2**62, 4, 1, 0, 2),
    ],
)
def test_wrong_sizes_are_refused(out, height, width, channels, start, taps):
    """Nothing outside the buffers is touched, whatever the caller says."""
    resize = importlib.import_module("fovea.picture._resize").resize
    starts, factors = np.full(2, start, np.int32), np.full((2, taps), 2**20, np.int32)
    with pytest.raises(ValueError, match="do not fit"):
        resize(bytearray(out), bytes(16), height, width, channels, starts, factors, starts, factors)
    with pytest.raises(ValueError, match="do not fit"):
        resize(bytearray(4), bytes(16), 4, 4, 1, starts[:0], factors, starts, factors)


@IN_C
def test_threads_work_at_the_same_time():
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    results: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: results.append(resized(image, 48, 32))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(result, by_pillow(image, 48, 32)) for result in results) and len(results) == 8
