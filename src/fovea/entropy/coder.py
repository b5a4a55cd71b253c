"""The entropy coder: a stack of symbols that is stored as bytes.

The coder is the range variant of asymmetric numeral systems, rANS (Duda, "Asymmetric numeral systems: entropy coding
combining speed of Huffman coding with compression rate of arithmetic coding", arXiv:1311.2540, 2013). The stack is one
large integer. Its highest bits are a 64-bit state, and the rest are 32-bit words, into which the state is renormalized
(compare Giesen, "Interleaved entropy coders", arXiv:1402.3392, 2014). Two details are different from the papers: the
state starts at zero instead of at the lower bound of its range, and it is written without its leading zero bytes.
Therefore an empty stack takes no bytes.
"""

import functools
import importlib
import os
from collections.abc import Callable
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from fovea.entropy import reference
from fovea.entropy.tables import FrequencyTables
from fovea.errors import BitstreamError


class Implementation(Protocol):
    """The interface of the C extension and of :mod:`fovea.entropy.reference`, which documents the functions."""

    def prepare(self, data: bytes, /) -> Any:
        """Read tables for :meth:`push` and :meth:`pop`."""

    def push(
        self, tables: Any, symbols: NDArray[np.int32], indexes: NDArray[np.uint8], state: int, /
    ) -> tuple[int, bytes]:
        """Push symbols on the state."""

    def pop(
        self,
        tables: Any,
        symbols: NDArray[np.int32],
        indexes: NDArray[np.uint8],
        state: int,
        words: bytes,
        left: int,
        /,
    ) -> tuple[int, int]:
        """Pop symbols from the state."""


def _best() -> tuple[Implementation, str, str]:
    missing = ""
    if os.environ.get("FOVEA_ENTROPY") != "python":
        try:
            return cast(Implementation, importlib.import_module("fovea.entropy._rans")), "c", missing
        except ImportError as error:
            missing = str(error)
    return cast(Implementation, reference), "python", missing


_RANS, IMPLEMENTATION, MISSING = _best()


@functools.lru_cache(maxsize=16)
def _prepared(prepare: Callable[[bytes], Any], data: bytes) -> Any:
    return prepare(data)


class Encoder:
    """An encoder, which pushes arrays of symbols on a stack. A :class:`Decoder` pops them in the opposite order.

    Args:
        tables: frequencies of the symbols.
        implementation: code that does the work. Both implementations give the same bytes.
    """

    def __init__(self, tables: FrequencyTables, implementation: Implementation = _RANS) -> None:
        self._implementation = implementation
        self._tables = _prepared(implementation.prepare, tables.to_bytes())
        self._state = 0
        self._words: list[bytes] = []

    def push(self, symbols: NDArray[np.int32], indexes: NDArray[np.uint8]) -> None:
        """Push one array.

        Args:
            symbols: int32, any shape, magnitudes up to :data:`fovea.spec.MAX_SYMBOL`.
            indexes: table index of each symbol, uint8, same shape. At index 0 the symbol must be 0 and is skipped.

        Raises:
            TypeError: an array has another data type.
            ValueError: the shapes differ, an index has no table, a symbol is too large, or a skipped symbol is not
                zero. The stack does not change.
        """
        _check_dtype(symbols, np.int32, "symbols")
        _check_dtype(indexes, np.uint8, "indexes")
        if symbols.shape != indexes.shape:
            raise ValueError(f"symbols {symbols.shape} and indexes {indexes.shape} must have the same shape")
        self._state, words = self._implementation.push(
            self._tables, np.ascontiguousarray(symbols), np.ascontiguousarray(indexes), self._state
        )
        self._words.append(words)

    def finish(self) -> bytes:
        """Return the stack as bytes, from bottom to top. An empty stack gives no bytes."""
        state = self._state.to_bytes((self._state.bit_length() + 7) // 8, "little")
        return b"".join([*self._words, state])


class Decoder:
    """A decoder, which pops the arrays that an :class:`Encoder` pushed, the last array first.

    Bytes that no encoder wrote give wrong symbols or an error, but no other harm. :meth:`finish` detects most damage,
    but not all of it: a stream that must be intact needs a checksum.

    Args:
        tables: frequencies of the symbols, the same as in the encoder.
        data: bytes that :meth:`Encoder.finish` returned.
        implementation: code that does the work. Both implementations give the same symbols.

    Raises:
        BitstreamError: the data ends in a zero byte, which no encoder writes.
    """

    def __init__(self, tables: FrequencyTables, data: bytes, implementation: Implementation = _RANS) -> None:
        # A state with words below it has five to eight bytes, so the length of the data determines its length.
        size = len(data) if len(data) < 5 else 5 + (len(data) - 5) % 4
        if data and data[-1] == 0:
            raise BitstreamError("the entropy-coded data ends in a zero byte: it is damaged or cut off")
        self._implementation = implementation
        self._tables = _prepared(implementation.prepare, tables.to_bytes())
        self._left = (len(data) - size) // 4
        self._words = bytes(data[: len(data) - size])
        self._state = int.from_bytes(data[len(data) - size :], "little")

    def pop(self, indexes: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Pop the array that was pushed with these indexes.

        Args:
            indexes: table index of each symbol, uint8, any shape, the same as at encoding.

        Returns:
            The symbols, int32, same shape.

        Raises:
            BitstreamError: the data is damaged.
            TypeError: the indexes are not uint8.
            ValueError: an index has no table.
        """
        _check_dtype(indexes, np.uint8, "indexes")
        symbols = np.empty(indexes.shape, np.int32)
        self._state, self._left = self._implementation.pop(
            self._tables, symbols, np.ascontiguousarray(indexes), self._state, self._words, self._left
        )
        return symbols

    def finish(self) -> None:
        """Check that the stack is empty.

        Raises:
            BitstreamError: the data is damaged, or not all of it has been popped.
        """
        if self._state or self._left:
            raise BitstreamError("the entropy-coded data does not end with its symbols: it is damaged")


def _check_dtype(array: NDArray[Any], dtype: type[np.generic], name: str) -> None:
    if array.dtype != dtype:
        raise TypeError(f"{name} must be {np.dtype(dtype)}, not {array.dtype}")
