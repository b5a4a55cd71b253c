"""Speed and rate of the entropy coder: ``python benchmarks/entropy.py [SYMBOLS]``.

Codes Gaussian symbols of all scales (about 1.8 bit each) and the same with most positions skipped, with each
implementation there is, interleaved, and with constriction where it is installed. Speeds are medians of whole
calls, over all positions; the overhead is the size of the bytes against the ideal under the integer tables.
"""

import importlib
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fovea.entropy import Decoder, Encoder, FrequencyTables, reference
from fovea.spec import SCALES

ROUNDS = 9


class Rival(NamedTuple):
    """One way to code, and the times it took in seconds."""

    name: str
    encode: Callable[[NDArray[np.int32], NDArray[np.uint8]], Any]
    decode: Callable[[Any, NDArray[np.uint8]], NDArray[np.int32]]
    size: Callable[[Any], int]
    encode_times: list[float]
    decode_times: list[float]


def draw(count: int, skipped: float) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Draws symbols and indexes, small scales being more frequent, as in an image."""
    generator = np.random.default_rng(0)
    indexes = np.minimum(1 + generator.exponential(22, count), len(SCALES) - 1).astype(np.uint8)
    indexes[generator.random(count) < skipped] = 0
    symbols = np.rint(generator.normal(size=count) * np.array(SCALES)[indexes]).astype(np.int32)
    symbols[indexes == 0] = 0
    return symbols, indexes


def ours(name: str, implementation: Any, tables: FrequencyTables) -> Rival:
    """Wraps one implementation of the coder."""

    def encode(symbols: NDArray[np.int32], indexes: NDArray[np.uint8]) -> bytes:
        encoder = Encoder(tables, implementation)
        encoder.push(symbols, indexes)
        return encoder.finish()

    def decode(data: bytes, indexes: NDArray[np.uint8]) -> NDArray[np.int32]:
        decoder = Decoder(tables, data, implementation)
        symbols = decoder.pop(indexes)
        decoder.finish()
        return symbols

    return Rival(name, encode, decode, len, [], [])


def constriction(tables: FrequencyTables) -> Rival:
    """Wraps constriction's ANS coder; it takes one table a call, so the symbols are grouped by index."""
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

    return Rival("constriction", encode, decode, lambda words: 4 * len(words), [], [])


def rivals(tables: FrequencyTables) -> list[Rival]:
    """Lists what there is on this machine."""
    found = [ours("python", reference, tables)]
    if importlib.util.find_spec("fovea.entropy._rans"):
        found.insert(0, ours("c", importlib.import_module("fovea.entropy._rans"), tables))
    if importlib.util.find_spec("constriction"):
        found.append(constriction(tables))
    return found


def main(count: int) -> None:
    """Prints a table for symbols that are all coded and one for symbols that are mostly skipped."""
    tables = FrequencyTables.gaussian()
    for skipped in (0.0, 0.8):
        symbols, indexes = draw(count, skipped)
        ideal = tables.bits(indexes, symbols)
        print(f"{count} symbols, {skipped:.0%} skipped, {ideal / count:.2f} bit/symbol")
        print(f"{'':14}{'encode, M/s':>12}{'decode, M/s':>12}{'overhead':>12}")
        contenders = rivals(tables)
        sizes = {}
        for _ in range(ROUNDS):
            for rival in contenders:
                begin = time.perf_counter()
                data = rival.encode(symbols, indexes)
                middle = time.perf_counter()
                decoded = rival.decode(data, indexes)
                end = time.perf_counter()
                rival.encode_times.append(middle - begin)
                rival.decode_times.append(end - middle)
                sizes[rival.name] = rival.size(data)
                if rival.name != "constriction" and not np.array_equal(decoded, symbols):
                    raise SystemExit(f"{rival.name} does not give back what it was given")
        for rival in contenders:
            encode, decode = (count / statistics.median(t) / 1e6 for t in (rival.encode_times, rival.decode_times))
            print(f"{rival.name:14}{encode:12.1f}{decode:12.1f}{sizes[rival.name] * 8 / ideal - 1:12.4%}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
