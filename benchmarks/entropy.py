"""The speed and the overhead of the entropy coder: ``python benchmarks/entropy.py``.

The symbols are Gaussian, of all scales (about 1.8 bits each). In a second run, most positions are skipped. The
implementations of the coder, and constriction if it is installed, take turns. ``README.md`` explains the columns.
"""

import importlib
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import click
import numpy as np
from numpy.typing import NDArray

from fovea.entropy import Decoder, Encoder, FrequencyTables, reference
from fovea.spec import SCALES

ROUNDS = 9
"""Number of timed rounds."""


class Coder(NamedTuple):
    """An entropy coder and its times.

    Attributes:
        encode: function that codes symbols, given the index of the table of each.
        decode: function that returns the symbols.
        size: function that returns the number of bytes of what ``encode`` returns.
        encode_times: times of encoding, in seconds.
        decode_times: times of decoding, in seconds.
    """

    name: str
    encode: Callable[[NDArray[np.int32], NDArray[np.uint8]], Any]
    decode: Callable[[Any, NDArray[np.uint8]], NDArray[np.int32]]
    size: Callable[[Any], int]
    encode_times: list[float]
    decode_times: list[float]


def draw(count: int, skipped: float) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Draw symbols and the indexes of their tables. Small scales are more frequent than large ones, as in images."""
    generator = np.random.default_rng(0)
    indexes = np.minimum(1 + generator.exponential(22, count), len(SCALES) - 1).astype(np.uint8)
    indexes[generator.random(count) < skipped] = 0
    symbols = np.rint(generator.normal(size=count) * np.array(SCALES)[indexes]).astype(np.int32)
    symbols[indexes == 0] = 0
    return symbols, indexes


def of_fovea(name: str, implementation: Any, tables: FrequencyTables) -> Coder:
    """Return the coder of Fovea in one of its implementations."""

    def encode(symbols: NDArray[np.int32], indexes: NDArray[np.uint8]) -> bytes:
        encoder = Encoder(tables, implementation)
        encoder.push(symbols, indexes)
        return encoder.finish()

    def decode(data: bytes, indexes: NDArray[np.uint8]) -> NDArray[np.int32]:
        decoder = Decoder(tables, data, implementation)
        symbols = decoder.pop(indexes)
        decoder.finish()
        return symbols

    return Coder(name, encode, decode, len, [], [])


def constriction(tables: FrequencyTables) -> Coder:
    """Return the ANS coder of constriction. A call of it takes one table, so the symbols are grouped by index."""
    ans = importlib.import_module("constriction").stream
    models = [None]
    for index in range(1, len(tables)):
        row = tables.starts[tables.first[index] :][: 2 * tables.reach[index] + 2]
        models.append(ans.model.Categorical(np.diff(row) / 65536, perfect=False))

    def encode(symbols: NDArray[np.int32], indexes: NDArray[np.uint8]) -> NDArray[np.uint32]:
        coder = ans.stack.AnsCoder()
        for index in range(len(tables) - 1, 0, -1):
            reach = int(tables.reach[index])
            symbol = np.clip(symbols[indexes == index], -reach, reach)
            coder.encode_reverse((2 * np.abs(symbol) - (symbol > 0)).astype(np.int32), models[index])
        words: NDArray[np.uint32] = coder.get_compressed()
        return words

    def decode(words: NDArray[np.uint32], indexes: NDArray[np.uint8]) -> NDArray[np.int32]:
        coder, symbols = ans.stack.AnsCoder(words), np.zeros(indexes.shape, np.int32)
        for index in range(1, len(tables)):
            here = np.flatnonzero(indexes == index)
            entry = coder.decode(models[index], len(here))
            symbols[here] = np.where(entry % 2, (entry + 1) // 2, -(entry // 2))
        return symbols

    return Coder("constriction", encode, decode, lambda words: 4 * len(words), [], [])


def installed(tables: FrequencyTables) -> list[Coder]:
    """Return the coders that are installed on this machine."""
    found = [of_fovea("python", reference, tables)]
    if importlib.util.find_spec("fovea.entropy._rans"):
        found.insert(0, of_fovea("c", importlib.import_module("fovea.entropy._rans"), tables))
    if importlib.util.find_spec("constriction"):
        found.append(constriction(tables))
    return found


@click.command()
@click.argument("count", metavar="[SYMBOLS]", type=click.IntRange(min=1), default=200_000)
def main(count: int) -> None:
    """Measure the entropy coder with this number of SYMBOLS, 200,000 by default.

    Prints one table for symbols that are all coded, and one for symbols of which 80 % are skipped.
    """
    tables = FrequencyTables.gaussian()
    for skipped in (0.0, 0.8):
        symbols, indexes = draw(count, skipped)
        ideal = tables.bits(indexes, symbols)
        print(f"{count} symbols, {skipped:.0%} skipped, {ideal / count:.2f} bit/symbol")
        print(f"{'':14}{'encode, M/s':>12}{'decode, M/s':>12}{'overhead':>12}")
        coders = installed(tables)
        sizes = {}
        for _ in range(ROUNDS):
            for coder in coders:
                begin = time.perf_counter()
                data = coder.encode(symbols, indexes)
                middle = time.perf_counter()
                decoded = coder.decode(data, indexes)
                end = time.perf_counter()
                coder.encode_times.append(middle - begin)
                coder.decode_times.append(end - middle)
                sizes[coder.name] = coder.size(data)
                if coder.name != "constriction" and not np.array_equal(decoded, symbols):
                    raise click.ClickException(f"{coder.name} does not return the symbols that it coded")
        for coder in coders:
            encode, decode = (count / statistics.median(t) / 1e6 for t in (coder.encode_times, coder.decode_times))
            print(f"{coder.name:14}{encode:12.1f}{decode:12.1f}{sizes[coder.name] * 8 / ideal - 1:12.4%}")


if __name__ == "__main__":
    main()
