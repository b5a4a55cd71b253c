"""Integer frequency tables, which hold the probability of each symbol in units of 1/65536.

A table covers the symbols -L..L, where L is its *reach*, and ends with an escape for all other symbols. The entries
stand in the order 0, 1, -1, 2, -2, ..., escape. In this order the probability falls, which makes the search of the
decoder short, and zeros that are pushed first cost nothing.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fovea.entropy.probabilities import MAX_REACH, PRECISION, TOTAL, gaussian, measured, to_frequencies
from fovea.errors import ModelError
from fovea.spec import MAX_SYMBOL, SCALES

_MAX_TABLES = 256


class FrequencyTables:
    """An immutable set of frequency tables, one for each index.

    Table 0 stands for skipped symbols: its only symbol is zero, which is certain. Two sets are equal, and have the same
    hash, if the results of :meth:`to_bytes` are equal.

    Args:
        frequencies: frequencies of each table from index 1 on, in the order 0, 1, -1, ..., L, -L, escape. They are
            integers of at least 1 and sum to 65536. There are at most 255 tables, and L is at most 255.

    Attributes:
        reach: L of each table, int64 [tables].
        first: position in ``starts`` at which each table begins, int64 [tables].
        starts: cumulative frequencies from 0 to 65536, one table after the other, int64.

    Raises:
        ModelError: the frequencies are not valid tables.

    Example:
        >>> tables = FrequencyTables([[60000, 3000, 2500, 36]])
        >>> tables.starts.tolist()
        [0, 65536, 0, 60000, 63000, 65500, 65536]
        >>> round(tables.bits(1, [0, 1, -1]), 3)
        9.289
    """

    def __init__(self, frequencies: Sequence[ArrayLike]) -> None:
        if len(frequencies) >= _MAX_TABLES:
            raise ModelError(f"there are {len(frequencies)} frequency tables, more than {_MAX_TABLES - 1}")
        reach, starts, chunks = [0], [np.array([0, TOTAL])], []
        for index, row in enumerate(frequencies, start=1):
            table = np.asarray(row, np.int64)
            if table.ndim != 1 or table.size % 2 or not 2 <= table.size <= 2 * MAX_REACH + 2:
                raise ModelError(f"frequency table {index} has the shape {table.shape}, not [2 L + 2] with L <= 255")
            if table.min() < 1 or table.max() >= TOTAL or table.sum() != TOTAL:
                raise ModelError(f"frequency table {index} does not consist of positive numbers that sum to {TOTAL}")
            reach.append(table.size // 2 - 1)
            starts.append(np.concatenate(([0], np.cumsum(table))))
            chunks.append(bytes([reach[-1]]) + table[:-1].astype("<u2").tobytes())
        self.reach = _frozen(np.array(reach))
        self.first = _frozen(np.cumsum([0] + [s.size for s in starts[:-1]]))
        self.starts = _frozen(np.concatenate(starts))
        self._bytes = b"".join(chunks)

    @classmethod
    def gaussian(cls, scales: Sequence[float] = SCALES) -> "FrequencyTables":
        """Return the tables of zero-mean Gaussian variables that are rounded to integers.

        Args:
            scales: standard deviation for each index, positive. The first one belongs to skipped symbols and has no
                effect.

        Returns:
            One table for each scale.
        """
        return cls([to_frequencies(gaussian(scale)) for scale in scales[1:]])

    @classmethod
    def from_counts(
        cls, counts: Sequence[ArrayLike], scales: Sequence[float] = SCALES, prior: float = 64.0
    ) -> "FrequencyTables":
        """Return the tables of measured symbols, with a Gaussian as the prior.

        Args:
            counts: for each index a histogram of the symbols -K..K, [2 K + 1]. Each histogram may have another K. The
                first one belongs to skipped symbols and has no effect.
            scales: standard deviation of the Gaussian for each index, positive; it also sets the reach of the table.
            prior: weight of the Gaussian, in symbols, positive.

        Returns:
            One table for each scale. Empty histograms give the tables of :meth:`gaussian`.

        Raises:
            ValueError: the number of histograms is not the number of scales, or one of them is not a histogram.
        """
        if len(counts) != len(scales):
            raise ValueError(f"there are {len(counts)} histograms for {len(scales)} scales")
        rows = zip(counts[1:], scales[1:], strict=True)
        return cls([to_frequencies(measured(row, scale, prior)) for row, scale in rows])

    @classmethod
    def from_bytes(cls, data: bytes) -> "FrequencyTables":
        """Read tables from the bytes that :meth:`to_bytes` returns.

        Raises:
            ModelError: the bytes are not valid tables.
        """
        tables, position = [], 0
        while position < len(data):
            end = position + 1 + 2 * (2 * data[position] + 1)
            if end > len(data):
                raise ModelError("the frequency tables end too early: get the model again")
            table = np.frombuffer(data[position + 1 : end], "<u2").astype(np.int64)
            tables.append(np.append(table, TOTAL - table.sum()))
            position = end
        return cls(tables)

    def to_bytes(self) -> bytes:
        """Return each table from index 1 on as its L, one byte, and its frequencies as little-endian uint16.

        The frequency of the escape is left out, because the other frequencies determine it.
        """
        return self._bytes

    def intervals(
        self, symbols: ArrayLike, indexes: ArrayLike
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the interval of each symbol in its table.

        Args:
            symbols: integers of magnitude at most :data:`fovea.spec.MAX_SYMBOL`, any shape.
            indexes: table index of each symbol, broadcast to the same shape.

        Returns:
            The start and the frequency in units of 1/65536, and the excess of the magnitude over the reach. Where the
            excess is positive, the interval belongs to the escape.

        Raises:
            ValueError: an index has no table, a symbol is too large, or a skipped symbol is not zero.
        """
        symbol, index = np.broadcast_arrays(np.asarray(symbols, np.int64), np.asarray(indexes, np.int64))
        if index.size and not 0 <= index.min() <= index.max() < len(self):
            raise ValueError(f"table index outside 0..{len(self) - 1}")
        magnitude = np.abs(symbol)
        if (magnitude > MAX_SYMBOL).any():
            raise ValueError(f"symbol outside -{MAX_SYMBOL}..{MAX_SYMBOL}")
        if symbol[index == 0].any():
            raise ValueError("a skipped symbol (table index 0) is not zero")
        excess = np.maximum(magnitude - self.reach[index], 0)
        entry = self.first[index] + np.where(excess > 0, 2 * self.reach[index] + 1, 2 * magnitude - (symbol > 0))
        return self.starts[entry], self.starts[entry + 1] - self.starts[entry], excess

    def bits(self, indexes: ArrayLike, symbols: ArrayLike) -> float:
        """Return the ideal code length of symbols under these tables, including escapes.

        Args:
            indexes: table indexes, broadcast to the shape of the symbols.
            symbols: integers, any shape.

        Returns:
            The length in bits. The output of the coder is at most a few bytes longer.

        Raises:
            ValueError: as in :meth:`intervals`.
        """
        _, frequency, excess = self.intervals(symbols, indexes)
        # frexp returns the exact bit length of these integers. The Exp-Golomb code has twice as many bits.
        escape = 2 * np.frexp(excess.astype(np.float64))[1]
        return float((PRECISION - np.log2(frequency) + escape).sum())

    def __len__(self) -> int:
        return self.reach.size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FrequencyTables) and self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)

    def __repr__(self) -> str:
        return f"FrequencyTables({len(self)} tables)"


def _frozen(array: NDArray[np.int64]) -> NDArray[np.int64]:
    array = array.astype(np.int64)
    array.flags.writeable = False
    return array
