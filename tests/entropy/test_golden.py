"""Streams that every version on every platform must write and read in the same way."""

import numpy as np
import pytest

from fovea.entropy import Decoder, Encoder, FrequencyTables
from fovea.spec import MAX_SYMBOL

TABLES = FrequencyTables([[40000, 10000, 9000, 3000, 2500, 1036], [60000, 5536], [20000, 20000, 20000, 5536]])

# For each stream: its layers (symbols, indexes) in the order in which they are pushed, and its bytes.
GOLDEN = {
    "zeros at the bottom": ([([0, 0, 0, 0], [1, 2, 0, 1])], ""),
    "a start below the first word": ([([1], [1])], "409c"),
    "skipped positions": ([([1, -2, 0, 0, 2], [1, 1, 0, 2, 1])], "7c9f9d"),
    "escapes": (
        [([3, -7, 1, -MAX_SYMBOL, MAX_SYMBOL], [1, 1, 2, 3, 1])],
        "18fe7d2b41f3dd52fdfd62de5a7508",
    ),
    "two layers": (
        [(list(range(-20, 20)), [1] * 40), ([0, -1, 1, 2], [3, 3, 3, 3])],
        "4aca2f50684cfd442810fd19e4ebcfa138fdd05189fe5f35cbf1ebab8cff4bd2"
        "18c0fe3458b4fc4a28ff73b80fe55ff383d55f3931e0b2ceff3bd1f202",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_streams(implementation, name):
    layers, expected = GOLDEN[name]
    arrays = [(np.array(symbols, np.int32), np.array(indexes, np.uint8)) for symbols, indexes in layers]
    encoder = Encoder(TABLES, implementation)
    for symbols, indexes in arrays:
        encoder.push(symbols, indexes)
    assert encoder.finish().hex() == expected
    decoder = Decoder(TABLES, bytes.fromhex(expected), implementation)
    for symbols, indexes in reversed(arrays):
        np.testing.assert_array_equal(decoder.pop(indexes), symbols)
    decoder.finish()
