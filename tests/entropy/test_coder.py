import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fovea import entropy
from fovea.entropy import Decoder, Encoder, FrequencyTables, reference
from fovea.errors import BitstreamError
from fovea.spec import MAX_SYMBOL, SCALES

EXTREMES = [
    0,
    1,
    -1,
    2,
    -2,
    3,
    -3,
    254,
    255,
    256,
    -255,
    -256,
    -257,
    511,
    MAX_SYMBOL,
    -MAX_SYMBOL,
    MAX_SYMBOL - 1,
]


@st.composite
def layers(draw, max_size=300):
    """An array of likely, escaped and extreme symbols, and an array of their indexes."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=12))
    seed = draw(st.integers(0, 2**32 - 1))
    generator = np.random.default_rng(seed)
    indexes = generator.integers(0, 64, shape).astype(np.uint8)
    indexes[generator.random(shape) < draw(st.sampled_from([0, 0.5, 0.95, 1]))] = 0
    symbols = np.rint(generator.normal(size=shape) * np.array(SCALES)[indexes] * draw(st.sampled_from([1, 5, 100])))
    extreme = generator.random(shape) < draw(st.sampled_from([0, 0.1, 1]))
    symbols = np.where(extreme, generator.choice(EXTREMES, shape), symbols)
    return np.where(indexes, symbols, 0).astype(np.int32), np.asarray(indexes)


def encode(tables, implementation, *arrays):
    encoder = Encoder(tables, implementation)
    for symbols, indexes in arrays:
        encoder.push(symbols, indexes)
    return encoder.finish()


def draw_gaussian(count, seed=0, skipped=0.3):
    generator = np.random.default_rng(seed)
    indexes = generator.integers(1, 64, count).astype(np.uint8)
    indexes[generator.random(count) < skipped] = 0
    symbols = np.rint(generator.normal(size=count) * np.array(SCALES)[indexes])
    return np.where(indexes, symbols, 0).astype(np.int32), indexes


@given(st.lists(layers(), max_size=4))
def test_arrays_come_back_last_first(tables, implementation, arrays):
    decoder = Decoder(tables, encode(tables, implementation, *arrays), implementation)
    for symbols, indexes in reversed(arrays):
        decoded = decoder.pop(indexes)
        assert decoded.dtype == np.int32
        assert decoded.shape == symbols.shape
        np.testing.assert_array_equal(decoded, symbols)
    decoder.finish()


@given(st.lists(layers(), max_size=4))
def test_implementations_write_the_same_bytes(tables, compiled, arrays):
    assert encode(tables, compiled, *arrays) == encode(tables, reference, *arrays)


@given(layers())
def test_size_is_close_to_the_ideal(tables, implementation, array):
    symbols, indexes = array
    data = encode(tables, implementation, array)
    assert len(data) <= 1.001 * tables.bits(indexes, symbols) / 8 + 4


def test_size_of_a_long_stream_is_close_to_the_ideal(tables, implementation):
    symbols, indexes = draw_gaussian(50_000)
    data = encode(tables, implementation, (symbols, indexes))
    ideal = tables.bits(indexes, symbols) / 8
    assert ideal - 4 <= len(data) <= 1.001 * ideal + 8


@pytest.mark.parametrize("index", range(64))
def test_every_symbol_of_every_table(tables, implementation, index):
    reach = int(tables.reach[index]) + (3 if index else 0)
    symbols = np.arange(-reach, reach + 1, dtype=np.int32)
    indexes = np.full(symbols.shape, index, np.uint8)
    decoder = Decoder(tables, encode(tables, implementation, (symbols, indexes)), implementation)
    np.testing.assert_array_equal(decoder.pop(indexes), symbols)
    decoder.finish()


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (5000,)])
def test_empty_and_skipped_arrays_take_no_bytes(tables, implementation, shape):
    zeros = np.zeros(shape, np.int32)
    assert encode(tables, implementation) == b""
    assert encode(tables, implementation, (zeros, zeros.astype(np.uint8))) == b""


def test_arrays_need_not_be_contiguous(tables, implementation):
    symbols, indexes = (array.reshape(20, 30) for array in draw_gaussian(600))
    data = encode(tables, implementation, (symbols.T, indexes.T))
    assert data == encode(tables, implementation, (symbols.T.copy(), indexes.T.copy()))
    np.testing.assert_array_equal(Decoder(tables, data, implementation).pop(indexes.T), symbols.T)


def test_tables_of_two_symbols_and_of_all_lengths(implementation):
    tables = FrequencyTables([[1, 65535], [65535, 1], [65536 - 511] + [1] * 511])
    symbols = np.array([0, 0, 0, 1, -1, 255, -255, 256, 9, -9, 0], np.int32)
    indexes = np.array([1, 1, 2, 2, 1, 3, 3, 3, 1, 2, 3], np.uint8)
    decoder = Decoder(tables, encode(tables, implementation, (symbols, indexes)), implementation)
    np.testing.assert_array_equal(decoder.pop(indexes), symbols)
    decoder.finish()


@pytest.mark.parametrize(
    ("symbol", "index", "message"),
    [
        (0, 64, "table index outside 0..63"),
        (0, 255, "table index outside 0..63"),
        (1, 0, "skipped symbol"),
        (MAX_SYMBOL + 1, 5, "symbol outside -1048576..1048576"),
        (-MAX_SYMBOL - 1, 63, "symbol outside"),
        (-(2**31), 63, "symbol outside"),
        (2**31 - 1, 63, "symbol outside"),
    ],
)
def test_arrays_that_cannot_be_coded_do_not_change_the_encoder(tables, implementation, symbol, index, message):
    good = draw_gaussian(100)
    encoder = Encoder(tables, implementation)
    encoder.push(*good)
    bad = np.zeros(9000, np.int32), np.ones(9000, np.uint8)
    bad[0][40], bad[1][40] = symbol, index
    with pytest.raises(ValueError, match=message):
        encoder.push(*bad)
    assert encoder.finish() == encode(tables, implementation, good)


def test_arrays_of_another_type_or_shape_are_refused(tables, implementation):
    encoder, decoder = Encoder(tables, implementation), Decoder(tables, b"", implementation)
    symbols, indexes = np.zeros(3, np.int32), np.zeros(3, np.uint8)
    with pytest.raises(TypeError, match="symbols must be int32, not int64"):
        encoder.push(symbols.astype(np.int64), indexes)
    with pytest.raises(TypeError, match="symbols must be int32"):
        encoder.push(symbols.astype(symbols.dtype.newbyteorder()), indexes)
    with pytest.raises(TypeError, match="indexes must be uint8"):
        encoder.push(symbols, symbols)
    with pytest.raises(ValueError, match="same shape"):
        encoder.push(symbols, indexes[:2])
    with pytest.raises(TypeError, match="indexes must be uint8"):
        decoder.pop(symbols)
    with pytest.raises(ValueError, match="table index outside"):
        decoder.pop(np.full(3, 64, np.uint8))


def test_finish_detects_symbols_that_were_not_popped(tables, implementation):
    symbols, indexes = draw_gaussian(1000)
    decoder = Decoder(tables, encode(tables, implementation, (symbols, indexes)), implementation)
    decoder.pop(indexes[:900])
    with pytest.raises(BitstreamError, match="does not end"):
        decoder.finish()


def test_a_zero_byte_at_the_end_is_refused(tables, implementation):
    with pytest.raises(BitstreamError, match="zero byte"):
        Decoder(tables, b"\x01\x00", implementation)


def damage(data, generator):
    """Return the data with flipped bits, without its start or its end, or random bytes instead of it."""
    data = bytearray(data)
    match generator.integers(4):
        case 0:
            for _ in range(generator.integers(1, 4)):
                data[generator.integers(len(data))] ^= 1 << generator.integers(8)
        case 1:
            del data[generator.integers(len(data)) :]
        case 2:
            del data[: generator.integers(1, len(data) + 1)]
        case 3:
            data = generator.bytes(generator.integers(200))
    return bytes(data)


@settings(max_examples=200)
@given(layers(), st.integers(0, 2**32 - 1))
def test_damaged_streams_give_symbols_or_an_error(tables, compiled, array, seed):
    """Both implementations give the same symbols, or the same error, for any bytes."""
    _, indexes = array
    data = damage(encode(tables, compiled, array) or b"\x01", np.random.default_rng(seed))

    def decode(implementation):
        try:
            decoder = Decoder(tables, data, implementation)
            decoded = decoder.pop(indexes)
            decoder.finish()
        except BitstreamError as error:
            return str(error)
        assert np.abs(decoded).max(initial=0) <= MAX_SYMBOL
        return decoded.tolist()

    assert decode(compiled) == decode(reference)


def test_most_damage_is_detected(tables, implementation):
    symbols, indexes = draw_gaussian(400)
    data = encode(tables, implementation, (symbols, indexes))
    generator = np.random.default_rng(1)
    missed = 0
    for _ in range(300):
        damaged = damage(data, generator)
        try:
            decoder = Decoder(tables, damaged, implementation)
            decoder.pop(indexes)
            decoder.finish()
        except BitstreamError:
            continue
        missed += damaged != data
    assert missed <= 15


def test_the_extension_checks_the_sizes_of_its_buffers(compiled, tables):
    prepared = compiled.prepare(tables.to_bytes())
    symbols, indexes = np.zeros(4, np.int32), np.ones(4, np.uint8)
    with pytest.raises(ValueError, match="four bytes"):
        compiled.push(prepared, symbols, indexes[:3], 0)
    with pytest.raises(ValueError, match="four bytes"):
        compiled.pop(prepared, symbols[:3], indexes, 0, b"", 0)
    for left in (-1, 2):
        with pytest.raises(ValueError, match="words"):
            compiled.pop(prepared, symbols, indexes, 2**32, b"\0" * 7, left)
    with pytest.raises(ValueError, match="PyCapsule"):
        compiled.push(object(), symbols, indexes, 0)
    symbols.flags.writeable = False
    with pytest.raises((TypeError, ValueError, BufferError)):
        compiled.pop(prepared, symbols, indexes, 0, b"", 0)


def test_the_environment_forces_python():
    code = "from fovea.entropy import IMPLEMENTATION; print(IMPLEMENTATION)"
    environment = {**os.environ, "FOVEA_ENTROPY": "python", "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "python"


def test_the_extension_is_preferred(compiled):
    if os.environ.get("FOVEA_ENTROPY") == "python":
        pytest.skip("FOVEA_ENTROPY forces Python")
    assert entropy.IMPLEMENTATION == "c"
