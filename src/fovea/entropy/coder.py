"""The coder: a stack of symbols that is at the same time a string of bytes.

Asymmetric numeral systems (Duda, 2013, arXiv:1311.2540) in the variant with range-like tables, rANS: the
stream is one large integer, held as a 64-bit state and 32-bit words below it. The state begins at zero
instead of at its lower bound and is written without its leading zero bytes, so its ends cost no byte.
"""

import contextlib
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
    """What the C extension and :mod:`fovea.entropy.reference` have in common; the latter documents it."""

    def prepare(self, data: bytes, /) -> Any:
        """Makes the tables ready for coding."""

    def push(
        self, tables: Any, symbols: NDArray[np.int32], indexes: NDArray[np.uint8], state: int, /
    ) -> tuple[int, bytes]:
        """Puts symbols on the state."""

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
        """Takes symbols off the state."""


def _best() -> tuple[Implementation, str]:
    if os.environ.get("FOVEA_ENTROPY") != "python":
        with contextlib.suppress(ImportError):
            return cast(Implementation, importlib.import_module("fovea.entropy._rans")), "c"
    return cast(Implementation, reference), "python"


_RANS, IMPLEMENTATION = _best()


@functools.lru_cache(maxsize=16)
def _prepared(prepare: Callable[[bytes], Any], data: bytes) -> Any:
    return prepare(data)


class Encoder:
    """Pushes arrays of symbols on a stack of bytes; :class:`Decoder` pops them in the opposite order.

    Args:
        tables: The frequencies of the symbols.
        implementation: What codes; both give the same bytes.
    """

    def __init__(self, tables: FrequencyTables, implementation: Implementation = _RANS) -> None:
        self._implementation = implementation
        self._tables = _prepared(implementation.prepare, tables.to_bytes())
        self._state = 0
        self._words: list[bytes] = []

    def push(self, symbols: NDArray[np.int32], indexes: NDArray[np.uint8]) -> None:
        """Adds one array.

        Args:
            symbols: int32, any shape, magnitudes up to :data:`~fovea.entropy.MAX_SYMBOL`.
            indexes: uint8, same shape: the table of each symbol. At index 0 the symbol must be 0, and is
                skipped.

        Raises:
            TypeError: An array has another type of number.
            ValueError: The shapes differ, an index has no table, a symbol is too large, or a skipped one is
                not zero. The stack stays as it was.
        """
        _require(symbols, np.int32, "symbols")
        _require(indexes, np.uint8, "indexes")
        if symbols.shape != indexes.shape:
            raise ValueError(f"symbols {symbols.shape} and indexes {indexes.shape} differ in shape")
        self._state, words = self._implementation.push(
            self._tables, np.ascontiguousarray(symbols), np.ascontiguousarray(indexes), self._state
        )
        self._words.append(words)

    def finish(self) -> bytes:
        """Returns all that was pushed, as bytes, the bottom of the stack first; for nothing, no bytes."""
        state = self._state.to_bytes((self._state.bit_length() + 7) // 8, "little")
        return b"".join([*self._words, state])


class Decoder:
    """Pops the arrays that an :class:`Encoder` pushed, the last one first.

    Bytes from elsewhere give wrong symbols or an error, never anything worse. :meth:`finish` notices most
    damage, but not all: where that matters, add a checksum.

    Args:
        tables: The same tables as in the encoder.
        data: What :meth:`Encoder.finish` returned.
        implementation: What decodes; both give the same symbols.

    Raises:
        BitstreamError: No encoder ends a stream like this.
    """

    def __init__(self, tables: FrequencyTables, data: bytes, implementation: Implementation = _RANS) -> None:
        # A state with words below it has five to eight bytes, so its length follows from that of the whole.
        size = len(data) if len(data) < 5 else 5 + (len(data) - 5) % 4
        if data and data[-1] == 0:
            raise BitstreamError("the entropy-coded data ends in a zero byte: it is damaged or cut off")
        self._implementation = implementation
        self._tables = _prepared(implementation.prepare, tables.to_bytes())
        self._left = (len(data) - size) // 4
        self._words = bytes(data[: len(data) - size])
        self._state = int.from_bytes(data[len(data) - size :], "little")

    def pop(self, indexes: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Takes off the array that was pushed with these indexes.

        Args:
            indexes: uint8, any shape, equal to those at encoding.

        Returns:
            The symbols, int32, same shape.

        Raises:
            BitstreamError: The data is damaged.
            TypeError: The indexes are not uint8.
            ValueError: An index has no table.
        """
        _require(indexes, np.uint8, "indexes")
        symbols = np.empty(indexes.shape, np.int32)
        self._state, self._left = self._implementation.pop(
            self._tables, symbols, np.ascontiguousarray(indexes), self._state, self._words, self._left
        )
        return symbols

    def finish(self) -> None:
        """Checks that nothing is left.

        Raises:
            BitstreamError: The data is damaged, or not all of it has been popped.
        """
        if self._state or self._left:
            raise BitstreamError("the entropy-coded data does not end where its symbols do: it is damaged")


def _require(array: NDArray[Any], dtype: type[np.generic], name: str) -> None:
    if array.dtype != dtype:
        raise TypeError(f"{name} must be {np.dtype(dtype)}, not {array.dtype}")
