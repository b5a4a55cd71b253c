"""The coder in Python: says in few lines what the stream is, and works where the C extension is missing.

With a state x, a symbol whose interval in its table is [start, start + frequency) of 65536 is put on by
``x = (x // frequency << 16) + start + x % frequency``. Where x would reach 2^64, its lower 32 bits go to the
words first; so, taking off, a state below 2^32 takes a word back while there is one.

A symbol beyond its table's reach is put on as the number e = magnitude - reach >= 1 in Exp-Golomb code: with
n + 1 the bit length of e, first the sign (1: negative) and above it the n lower bits of e as one number of
n + 1 bits, then the number 2^n of n + 1 bits, then the interval of the escape. A number of k bits is put on
by ``x = (x << k) + number``.
"""

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from fovea.entropy.tables import PRECISION, FrequencyTables
from fovea.errors import BitstreamError
from fovea.spec import MAX_SYMBOL

_SLOT_MASK = (1 << PRECISION) - 1
_WORD_MASK = (1 << 32) - 1


def prepare(data: bytes) -> FrequencyTables:
    """Reads tables once for many calls of :func:`push` and :func:`pop`.

    Args:
        data: The bytes of :class:`~fovea.entropy.FrequencyTables`.

    Raises:
        ModelError: The bytes are no valid tables.
    """
    return FrequencyTables.from_bytes(data)


def push(
    tables: FrequencyTables, symbols: NDArray[np.int32], indexes: NDArray[np.uint8], state: int
) -> tuple[int, bytes]:
    """Puts symbols on the state, the last one first.

    Args:
        tables: From :func:`prepare`.
        symbols: int32, C-contiguous.
        indexes: uint8, C-contiguous, same shape.
        state: The state before, 0 at the beginning.

    Returns:
        The state after, and the words that did not fit into it, little-endian, to go on top of those before.

    Raises:
        ValueError: An index has no table, a symbol is too large, or a skipped one is not zero.
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
    """Takes symbols off the state, the first one first.

    Args:
        tables: From :func:`prepare`.
        symbols: int32, C-contiguous: receives the symbols.
        indexes: uint8, C-contiguous, same shape.
        state: The state before.
        words: All words, little-endian.
        left: How many of them have not been taken back yet.

    Returns:
        The state after, and how many words are left then.

    Raises:
        BitstreamError: An escaped symbol is larger than any that can be coded.
        ValueError: An index has no table.
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
