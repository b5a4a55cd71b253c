"""Integer frequency tables: how probable each symbol is, in 65536ths.

A table covers the symbols -L..L, L being its *reach*, and ends with an escape for all symbols beyond. The
entries stand in the order 0, 1, -1, 2, -2, ..., escape: falling probability makes the decoder's search short,
and a run of zeros at the bottom of a stream cost nothing.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fovea.errors import ModelError
from fovea.spec import MAX_SYMBOL, SCALES

PRECISION = 16
"""Bits of a probability: the frequencies of a table sum to ``2 ** PRECISION``."""

_TOTAL = 1 << PRECISION
_MAX_REACH = 255
_MAX_TABLES = 256


class FrequencyTables:
    """An immutable set of frequency tables, one for each index.

    Table 0 stands for skipped symbols: it holds the zero alone, with certainty. Two sets are equal, and hash
    equally, if their :meth:`to_bytes` are.

    Args:
        frequencies: For each table from index 1 on, its frequencies in the order 0, 1, -1, ..., L, -L,
            escape: integers of at least 1 that sum to 65536. At most 255 tables, each with L at most 255.

    Attributes:
        reach: The L of each table, int64 [tables].
        first: Where in ``starts`` each table begins, int64 [tables].
        starts: Cumulative frequencies from 0 to 65536 of one table after the other, int64.

    Raises:
        ModelError: The frequencies are no valid tables.

    Example:
        >>> tables = FrequencyTables([[60000, 3000, 2500, 36]])
        >>> tables.starts.tolist()
        [0, 65536, 0, 60000, 63000, 65500, 65536]
        >>> round(tables.bits(1, [0, 1, -1]), 3)
        9.289
    """

    def __init__(self, frequencies: Sequence[ArrayLike]) -> None:
        if len(frequencies) >= _MAX_TABLES:
            raise ModelError(f"{len(frequencies)} frequency tables: at most {_MAX_TABLES - 1} can be indexed")
        reach, starts, chunks = [0], [np.array([0, _TOTAL])], []
        for index, row in enumerate(frequencies, start=1):
            table = np.asarray(row, np.int64)
            if table.ndim != 1 or table.size % 2 or not 2 <= table.size <= 2 * _MAX_REACH + 2:
                raise ModelError(f"frequency table {index} has the shape {table.shape}, not [2 L + 2] with L <= 255")
            if table.min() < 1 or table.max() >= _TOTAL or table.sum() != _TOTAL:
                raise ModelError(f"frequency table {index} is not made of positive numbers that sum to {_TOTAL}")
            reach.append(table.size // 2 - 1)
            starts.append(np.concatenate(([0], np.cumsum(table))))
            chunks.append(bytes([reach[-1]]) + table[:-1].astype("<u2").tobytes())
        self.reach = _frozen(np.array(reach))
        self.first = _frozen(np.cumsum([0] + [s.size for s in starts[:-1]]))
        self.starts = _frozen(np.concatenate(starts))
        self._bytes = b"".join(chunks)

    @classmethod
    def gaussian(cls, scales: Sequence[float] = SCALES) -> "FrequencyTables":
        """Makes the tables of rounded zero-mean Gaussian variables.

        Args:
            scales: Standard deviation for each index, positive; the first one is that of skipped symbols and
                does not matter.

        Returns:
            As many tables as there are scales.
        """
        return cls([_integers(_gaussian(scale)) for scale in scales[1:]])

    @classmethod
    def from_counts(
        cls, counts: Sequence[ArrayLike], scales: Sequence[float] = SCALES, prior: float = 64.0
    ) -> "FrequencyTables":
        """Makes the tables of measured symbols.

        Args:
            counts: For each index a histogram of the symbols -K..K, [2 K + 1], with any K of its own; the
                first one is that of skipped symbols and does not matter.
            scales: Standard deviation for each index, positive: sets the reach and the shape of the prior.
            prior: How many symbols the Gaussian weighs as much as, positive.

        Returns:
            As many tables as there are scales; with empty histograms those of :meth:`gaussian`.

        Raises:
            ValueError: There are not as many histograms as scales, or one is not a histogram.
        """
        if len(counts) != len(scales):
            raise ValueError(f"{len(counts)} histograms for {len(scales)} scales")
        tables = []
        for row, scale in zip(counts[1:], scales[1:], strict=True):
            histogram = np.asarray(row, np.float64)
            if histogram.ndim != 1 or not histogram.size % 2 or not ((histogram >= 0) & (histogram < math.inf)).all():
                raise ValueError("a histogram must be [2 K + 1] counts, none of them negative")
            weights = prior * _gaussian(scale)
            middle = histogram.size // 2
            kept = min(middle, weights.size // 2 - 1)
            weights[0 : 2 * kept + 1 : 2] += histogram[middle - kept : middle + 1][::-1]
            weights[1 : 2 * kept + 1 : 2] += histogram[middle + 1 : middle + 1 + kept]
            weights[-1] += histogram[: middle - kept].sum() + histogram[middle + 1 + kept :].sum()
            tables.append(_integers(weights))
        return cls(tables)

    @classmethod
    def from_bytes(cls, data: bytes) -> "FrequencyTables":
        """Reads what :meth:`to_bytes` wrote.

        Raises:
            ModelError: The bytes are no valid tables.
        """
        tables, position = [], 0
        while position < len(data):
            end = position + 1 + 2 * (2 * data[position] + 1)
            if end > len(data):
                raise ModelError("the frequency tables end too early; get the model again")
            table = np.frombuffer(data[position + 1 : end], "<u2").astype(np.int64)
            tables.append(np.append(table, _TOTAL - table.sum()))
            position = end
        return cls(tables)

    def to_bytes(self) -> bytes:
        """Writes for each table from index 1 on: L as one byte, then the frequencies as little-endian uint16.

        The frequency of the escape is left out, as it follows from the others.
        """
        return self._bytes

    def intervals(
        self, symbols: ArrayLike, indexes: ArrayLike
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Looks up where in its table each symbol stands.

        Args:
            symbols: Integers of magnitude at most :data:`fovea.spec.MAX_SYMBOL`, any shape.
            indexes: The table of each, broadcast to the same shape.

        Returns:
            Start and frequency in 65536ths, and by how much the magnitude exceeds the reach: where that is
            positive, the interval is the escape's.

        Raises:
            ValueError: An index has no table, a symbol is too large, or a skipped one is not zero.
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
        """Sums the ideal cost of symbols under these tables, escapes included.

        Args:
            indexes: Table indexes, broadcast to the shape of the symbols.
            symbols: Integers, any shape.

        Returns:
            Cost in bits; what the coder writes is longer by a few bytes at most.

        Raises:
            ValueError: As in :meth:`intervals`.
        """
        _, frequency, excess = self.intervals(symbols, indexes)
        # frexp gives the exact bit length of these integers; the Exp-Golomb code takes twice that.
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


def _gaussian(scale: float) -> NDArray[np.float64]:
    """Probabilities of a rounded Gaussian, in the order of a table; five sigma and a bit are its reach."""
    if not 0 < scale < math.inf:
        raise ValueError(f"a scale must be a positive number, not {scale}")
    reach = min(math.ceil(5 * scale) + 1, _MAX_REACH)
    # erfc keeps its precision in the tail, where differences of erf would be zero.
    tail = np.array([math.erfc((k + 0.5) / (scale * math.sqrt(2))) for k in range(reach + 1)])
    sides = np.repeat((tail[:-1] - tail[1:]) / 2, 2)
    return np.concatenate(([1 - tail[0]], sides, tail[-1:]))


def _integers(weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rounds weights to frequencies: each at least 1, in sum 65536, otherwise by the largest remainder."""
    exact = weights * (_TOTAL / weights.sum())
    while (exact < 1).any():  # each turn lifts at least one more entry to 1 for good, so this ends
        exact = np.maximum(exact, 1)
        free = exact > 1
        exact[free] *= (_TOTAL - np.count_nonzero(~free)) / exact[free].sum()
    frequencies: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    missing = _TOTAL - int(frequencies.sum())
    frequencies[np.argsort(frequencies - exact, kind="stable")[:missing]] += 1
    return frequencies
