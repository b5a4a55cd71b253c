"""Looks into the codec while it works, without changing it: time of stages, ideal bits.

What the codec builds itself from, engine, entropy coder and container, is replaced by versions that also take
notes, for as long as a context lasts.
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
    """Seconds spent in each stage since the last :meth:`take`. One thread only."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, its time added to a stage."""

        def call(*arguments: Any, **options: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self._seconds[stage] += time.perf_counter() - begin

        return call

    def timed_class(self, stage: str, kind: type, *methods: str) -> type:
        """A subclass whose methods add their time to a stage."""
        return type(kind.__name__, (kind,), {name: self.timed(stage, getattr(kind, name)) for name in methods})

    def take(self) -> dict[str, float]:
        """The seconds by stage; starts again at zero."""
        seconds = dict(self._seconds)
        self._seconds.clear()
        return seconds


class _WatchedEngine:
    """An engine whose networks tell their time."""

    def __init__(self, engine: Engine, watch: Stopwatch, names: Mapping[bytes, str]) -> None:
        self.name, self.precision, self.threads = engine.name, engine.precision, engine.threads
        self._engine, self._watch, self._names = engine, watch, names

    def load(self, graph: bytes, exact: bool = False) -> Network:
        return self._watch.timed(self._names[graph], self._engine.load(graph, exact))


@contextmanager
def watched_codec(watch: Stopwatch, model: str | Path, engine: str, precision: str) -> Iterator[Codec]:
    """A codec that tells the time of its stages: each network by its name, entropy, container.

    Args:
        watch: gets the times. What it lacks of a whole call is the work between the stages.
        model: as for :class:`fovea.Codec`.
        engine: as there.
        precision: as there.
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
    """Collects what the symbols of every tile cost by the model's own probabilities, in bits."""
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
    """Collects for every tile what each position of its latent costs, [h, w], in bits.

    The costs are those of the model's own probabilities. That of the hyper-latent is spread evenly.
    """
    maps: list[NDArray[np.float64]] = []

    class Locating(Encoder):
        def __init__(self, tables: FrequencyTables) -> None:
            super().__init__(tables)
            self._ideal = tables
            self._first = True

        def push(self, symbols: NDArray[np.int32], indexes: NDArray[np.uint8]) -> None:
            if self._first:  # the latent; the hyper-latent follows
                _, frequency, excess = self._ideal.intervals(symbols, indexes)
                escape = 2 * np.frexp(excess.astype(np.float64))[1]
                maps.append((PRECISION - np.log2(frequency) + escape).sum(axis=(0, 1)))
            else:
                maps[-1] += self._ideal.bits(indexes, symbols) / maps[-1].size
            self._first = False
            super().push(symbols, indexes)

    with patch.object(encoder, "Encoder", Locating):
        yield maps
