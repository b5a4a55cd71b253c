"""Observe a codec at work without changing its results: times of its stages, and bits by its probabilities.

Within a context, the engine, the entropy coder and the container are replaced by versions that also record.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

import fovea.codec
from fovea.bitstream import ContainerReader, write
from fovea.codec import Codec
from fovea.coding import decoder, encoder
from fovea.engine import Engine, Network, create_engine
from fovea.entropy import Decoder, Encoder, FrequencyTables
from fovea.entropy.probabilities import PRECISION
from fovea.store import load_model


class Stopwatch:
    """The time spent in each stage since the last call of :meth:`take`, for one thread."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same and adds its time to a stage."""

        def call(*arguments: Any, **options: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self._seconds[stage] += time.perf_counter() - begin

        return call

    def timed_class(self, stage: str, kind: type, *methods: str) -> type:
        """Return a subclass whose methods with these names add their time to a stage."""
        return type(kind.__name__, (kind,), {name: self.timed(stage, getattr(kind, name)) for name in methods})

    def take(self) -> dict[str, float]:
        """Return the seconds by stage, and start again at zero."""
        seconds = dict(self._seconds)
        self._seconds.clear()
        return seconds


class _WatchedEngine:
    """An engine whose networks record their times."""

    def __init__(self, engine: Engine, watch: Stopwatch, names: Mapping[bytes, str]) -> None:
        self.name, self.precision, self.threads = engine.name, engine.precision, engine.threads
        self._engine, self._watch, self._names = engine, watch, names

    def load(self, graph: bytes, exact: bool = False) -> Network:
        return self._watch.timed(self._names[graph], self._engine.load(graph, exact))


@contextmanager
def watched_codec(watch: Stopwatch, model: str | Path, engine: str, precision: str) -> Iterator[Codec]:
    """Open a codec that records the times of its stages: each network by its name, ``entropy`` and ``container``.

    Args:
        watch: stopwatch that receives the times. The rest of the time of a call is the work between the stages.
        model: name or path of a model.
        engine: name of an inference engine.
        precision: precision of the networks.

    Yields:
        The codec.
    """
    names = {graph: name for name, graph in load_model(model).graphs.items()}

    def create(*settings: Any) -> Engine:
        return _WatchedEngine(create_engine(*settings), watch, names)

    with patch.object(fovea.codec, "create_engine", create):
        codec = Codec(model, engine, precision)
    with ExitStack() as stack:
        for module, name, watched in (
            (encoder, "Encoder", watch.timed_class("entropy", Encoder, "__init__", "push", "finish")),
            (decoder, "Decoder", watch.timed_class("entropy", Decoder, "__init__", "pop", "finish")),
            (fovea.codec, "ContainerReader", watch.timed_class("container", ContainerReader, "__init__", "tile")),
            (fovea.codec, "write", watch.timed("container", write)),
        ):
            stack.enter_context(patch.object(module, name, watched))
        yield codec


@contextmanager
def ideal_bits() -> Iterator[list[float]]:
    """Collect the bits of the symbols of each tile by the probabilities of the model.

    Yields:
        A list that receives the bits of each tile that is encoded in the context.
    """
    bits: list[float] = []

    class Counting(Encoder):
        def __init__(self, tables: FrequencyTables) -> None:
            super().__init__(tables)
            self._ideal = tables

        def push(self, symbols: NDArray[np.int32], indexes: NDArray[np.uint8]) -> None:
            bits.append(self._ideal.bits(indexes, symbols))
            super().push(symbols, indexes)

    with patch.object(encoder, "Encoder", Counting):
        yield bits


@contextmanager
def bit_maps() -> Iterator[list[NDArray[np.float64]]]:
    """Collect the bits of each position of the latent of each tile, by the probabilities of the model.

    The bits of the hyper-latent are spread evenly over all positions.

    Yields:
        A list that receives one array for each tile that is encoded in the context, float64 [h, w].
    """
    maps: list[NDArray[np.float64]] = []

    class Locating(Encoder):
        def __init__(self, tables: FrequencyTables) -> None:
            super().__init__(tables)
            self._ideal = tables
            self._first = True

        def push(self, symbols: NDArray[np.int32], indexes: NDArray[np.uint8]) -> None:
            if self._first:  # the latent comes first, then the hyper-latent
                _, frequency, excess = self._ideal.intervals(symbols, indexes)
                escape = 2 * np.frexp(excess.astype(np.float64))[1]
                maps.append((PRECISION - np.log2(frequency) + escape).sum(axis=(0, 1)))
            else:
                maps[-1] += self._ideal.bits(indexes, symbols) / maps[-1].size
            self._first = False
            super().push(symbols, indexes)

    with patch.object(encoder, "Encoder", Locating):
        yield maps
