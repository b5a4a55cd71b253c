"""The coder in Python, which defines the stream and replaces the C extension where that is missing.

The coder is rANS (Duda, arXiv:1311.2540, 2013). Let x be the state. A symbol whose interval in its table is
[start, start + frequency) of 65536 is pushed by ``x = (x // frequency << 16) + start + x % frequency``. If x would
reach 2^64, its lower 32 bits move to the words first. In the opposite direction, a state below 2^32 takes the last word
back, if there is one.

A symbol beyond the reach of its table is pushed as the number e = magnitude - reach >= 1 in an Exp-Golomb code
(Teuhola, "A compression method for clustered bit-vectors", Information Processing Letters 7, 1978). Let n + 1 be the
bit length of e. Three parts are pushed in this order: a number of n + 1 bits, which holds the n lower bits of e and
below them the sign (1 for a negative symbol); the number 2^n in n + 1 bits; and the interval of the escape. A number of
k bits is pushed by ``x = (x << k) + number``.
"""

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from fovea.entropy.probabilities import PRECISION
from fovea.entropy.tables import FrequencyTables
from fovea.errors import BitstreamError
from fovea.spec import MAX_SYMBOL

_SLOT_MASK = (1 << PRECISION) - 1
_WORD_MASK = (1 << 32) - 1


def prepare(data: bytes) -> FrequencyTables:
    """Read tables once for many calls of :func:`push` and :func:`pop`.

    Args:
        data: tables as the bytes that :meth:`fovea.entropy.FrequencyTables.to_bytes` returns.

    Raises:
        ModelError: the bytes are not valid tables.
    """
    return FrequencyTables.from_bytes(data)


def push(
    tables: FrequencyTables, symbols: NDArray[np.int32], indexes: NDArray[np.uint8], state: int
) -> tuple[int, bytes]:
    """Push symbols on the state, the last symbol first.

    Args:
        tables: tables that :func:`prepare` returned.
        symbols: int32, C-contiguous.
        indexes: table index of each symbol, uint8, C-contiguous, same shape.
        state: state before the symbols; 0 at the start.

    Returns:
        The state after the symbols, and the little-endian words that left the state and follow the earlier words.

    Raises:
        ValueError: an index has no table, a symbol is too large, or a skipped symbol is not zero.
    """
    intervals = tables.intervals(symbols, indexes)
    coded = np.flatnonzero(indexes)[::-1]
    starts, frequencies, excesses, signs = (
        array.reshape(-1)[coded].tolist() for array in (*intervals, np.signbit(symbols))
    )
    words: list[int] = []

    def push_bits(state: int, number: int, count: int) -> int:
        if state >> (64 - count):
            words.append(state & _WORD_MASK)
            state >>= 32
        return (state << count) + number

    for start, frequency, excess, negative in zip(starts, frequencies, excesses, signs, strict=True):
        if excess:
            length = excess.bit_length()
            state = push_bits(state, (excess << 1 | negative) & ((1 << length) - 1), length)
            state = push_bits(state, 1 << (length - 1), length)
        if state >> 48 >= frequency:
            words.append(state & _WORD_MASK)
            state >>= 32
        quotient, remainder = divmod(state, frequency)
        state = (quotient << PRECISION) + remainder + start
    return state, np.array(words, "<u4").tobytes()


def pop(
    tables: FrequencyTables,
    symbols: NDArray[np.int32],
    indexes: NDArray[np.uint8],
    state: int,
    words: bytes,
    left: int,
) -> tuple[int, int]:
    """Pop symbols from the state, the first symbol first.

    Args:
        tables: tables that :func:`prepare` returned.
        symbols: array that receives the symbols, int32, C-contiguous.
        indexes: table index of each symbol, uint8, C-contiguous, same shape.
        state: state before the symbols are popped.
        words: all words of the stream, little-endian.
        left: number of words that the state has not taken back yet.

    Returns:
        The state after the symbols are popped, and the number of words that are left.

    Raises:
        BitstreamError: an escaped symbol is larger than any symbol that can be coded.
        ValueError: an index has no table.
    """
    if indexes.size and indexes.max() >= len(tables):
        raise ValueError(f"table index outside 0..{len(tables) - 1}")
    stack: list[int] = np.frombuffer(words, "<u4", count=left).tolist()
    rows = [
        tables.starts[begin : begin + 2 * reach + 3].tolist()
        for begin, reach in zip(tables.first, tables.reach, strict=True)
    ]
    values: list[int] = []

    def pop_bits(state: int, count: int) -> tuple[int, int]:
        number, state = state & ((1 << count) - 1), state >> count
        if state <= _WORD_MASK and stack:
            state = state << 32 | stack.pop()
        return number, state

    coded = np.flatnonzero(indexes)
    for index in indexes.reshape(-1)[coded].tolist():
        row = rows[index]
        slot = state & _SLOT_MASK
        entry = bisect_right(row, slot) - 1
        state = (row[entry + 1] - row[entry]) * (state >> PRECISION) + slot - row[entry]
        if state <= _WORD_MASK and stack:
            state = state << 32 | stack.pop()
        if entry < len(row) - 2:
            values.append((entry + 1) // 2 if entry % 2 else -(entry // 2))
            continue
        length = (state & -state).bit_length()
        if not 1 <= length <= MAX_SYMBOL.bit_length():
            raise BitstreamError("an escaped symbol is too large: the entropy-coded data is damaged")
        _, state = pop_bits(state, length)
        number, state = pop_bits(state, length)
        magnitude = len(row) // 2 - 1 + (1 << (length - 1) | number >> 1)
        if magnitude > MAX_SYMBOL:
            raise BitstreamError("an escaped symbol is too large: the entropy-coded data is damaged")
        values.append(-magnitude if number & 1 else magnitude)
    flat = np.zeros(indexes.size, np.int32)
    flat[coded] = values
    symbols[...] = flat.reshape(symbols.shape)
    return state, len(stack)
