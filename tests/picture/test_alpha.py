"""Lossless coding of the alpha plane."""

import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fovea.errors import BitstreamError
from fovea.picture import decode_alpha, encode_alpha

planes = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40))


@given(planes)
def test_round_trip(plane):
    assert np.array_equal(decode_alpha(encode_alpha(plane), *plane.shape), plane)


def test_round_trip_over_several_chunks():
    rows, columns = np.mgrid[:1500, :3000]
    plane = ((rows // 3 + columns // 5) % 256).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (1500, 3000), np.uint8)
    for each in (plane, noise):
        assert np.array_equal(decode_alpha(encode_alpha(each), 1500, 3000), each)
    assert len(encode_alpha(plane)) < plane.size / 100
    assert len(encode_alpha(noise)) < noise.size * 1.01


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_constant_plane_is_one_byte(value):
    data = encode_alpha(np.full((400, 300), value, np.uint8))
    assert data == bytes([value])
    assert (decode_alpha(data, 400, 300) == value).all()


def test_rows_with_each_filter_are_decoded():
    lines = bytes([0, 9, 8, 7]) + bytes([1, 5, 250, 3]) + bytes([2, 1, 1, 255])
    plane = decode_alpha(zlib.compress(lines), 3, 3)
    assert plane.tolist() == [[9, 8, 7], [5, 255, 2], [6, 0, 1]]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no zlib stream",
        zlib.compress(bytes(4 * 3 - 1)),
        zlib.compress(bytes(4 * 3 + 1)),
        zlib.compress(bytes(4 * 3))[:-1],
        zlib.compress(bytes(4 * 3)) + b"\0",
        zlib.compress(bytes([3, 0, 0, 0] * 3)),
    ],
)
def test_damaged_data_are_refused(data):
    with pytest.raises(BitstreamError, match="alpha plane"):
        decode_alpha(data, 3, 3)


@given(planes, st.integers(0), st.integers(0, 7))
@settings(max_examples=50)
def test_damaged_data_give_an_error_or_a_plane(plane, position, bit):
    data = bytearray(encode_alpha(plane))
    data[position % len(data)] ^= 1 << bit
    try:
        assert decode_alpha(bytes(data), *plane.shape).shape == plane.shape
    except BitstreamError as error:
        assert "alpha plane" in str(error)


def test_a_decompression_bomb_takes_little_memory():
    bomb = zlib.compress(bytes(100_000_000), 9)
    tracemalloc.start()
    with pytest.raises(BitstreamError, match="size of the picture"):
        decode_alpha(bomb, 10, 10)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
