"""Looks into the codec while it works, without changing it: time of stages, multiplications, ideal bits.

What the codec builds itself from, engine, entropy coder and container, is replaced by versions that also take
notes, for as long as a context lasts.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

import fovea.codec
from fovea.bitstream import ContainerReader, write
from fovea.codec import Codec
from fovea.coding import latent
from fovea.coding.registry import find_model
from fovea.engine import Engine, Network, create_engine
from fovea.entropy import Decoder, Encoder, FrequencyTables

PROBE_SIDE = 256
"""Pixels of the square image that multiplications are counted on: no padding and no tiles distort them."""


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


class _ProbedEngine:
    """An engine whose networks are wrapped when they are loaded."""

    def __init__(self, engine: Engine, wrap: Callable[[bytes, Network], Network]) -> None:
        self.name, self.precision, self.threads = engine.name, engine.precision, engine.threads
        self._engine, self._wrap = engine, wrap

    def load(self, graph: bytes, exact: bool = False) -> Network:
        return self._wrap(graph, self._engine.load(graph, exact))


@contextmanager
def _probed_engines(wrap: Callable[[bytes, Network], Network]) -> Iterator[None]:
    def probed(*settings: Any) -> Engine:
        return _ProbedEngine(create_engine(*settings), wrap)

    with patch.object(fovea.codec, "create_engine", probed):
        yield


@contextmanager
def watched_codec(watch: Stopwatch, model: str | Path, engine: str, precision: str) -> Iterator[Codec]:
    """A codec that tells the time of its stages: each network by its name, entropy, container.

    Args:
        watch: gets the times. What it lacks of a whole call is the work between the stages.
        model: as for :class:`fovea.Codec`.
        engine: as there.
        precision: as there.
    """
    names = {graph: name for name, graph in find_model(model).graphs.items()}
    with _probed_engines(lambda graph, network: watch.timed(names[graph], network)):
        codec = Codec(model, engine, precision)
    with ExitStack() as stack:
        for module, name, watched in (
            (latent, "Encoder", watch.timed_class("entropy", Encoder, "__init__", "push", "finish")),
            (latent, "Decoder", watch.timed_class("entropy", Decoder, "__init__", "pop", "finish")),
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

    with patch.object(latent, "Encoder", Counting):
        yield bits


def macs_per_pixel(model: str | Path) -> dict[str, dict[str, float]]:
    """Multiplications of convolutions and matrix products that coding takes, for each pixel.

    Args:
        model: as for :class:`fovea.Codec`.

    Returns:
        ``encode`` and ``decode``, each by the name of the network.
    """
    names = {graph: name for name, graph in find_model(model).graphs.items()}
    counted: dict[str, float] = defaultdict(float)

    def wrap(graph: bytes, network: Network) -> Network:
        count = _counter(graph)

        def run(*inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
            counted[names[graph]] += count(*inputs) / PROBE_SIDE**2
            return network(*inputs)

        return run

    with _probed_engines(wrap):
        codec = Codec(model, threads=1)
    data = codec.encode(np.zeros((PROBE_SIDE, PROBE_SIDE, 3), np.uint8))
    encode = dict(counted)
    counted.clear()
    codec.decode(data)
    return {"encode": encode, "decode": dict(counted)}


def _counter(graph: bytes) -> Callable[..., int]:
    """Runs a graph with every factor and product laid open, for their sizes."""
    import onnx
    import onnxruntime as ort

    opened = onnx.load_from_string(graph)
    products = [node for node in opened.graph.node if node.op_type in ("Conv", "MatMul")]
    shown = dict.fromkeys(name for node in products for name in (node.input[1], node.output[0]))
    del opened.graph.output[:]
    opened.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in shown)
    session = ort.InferenceSession(opened.SerializeToString(), providers=["CPUExecutionProvider"])
    inputs = [value.name for value in session.get_inputs()]

    def count(*arrays: NDArray[Any]) -> int:
        found = dict(zip(shown, session.run(None, dict(zip(inputs, arrays, strict=True))), strict=True))
        total = 0
        for node in products:
            weight, out = found[node.input[1]], found[node.output[0]]
            outputs = weight.shape[0] if node.op_type == "Conv" else weight.shape[1]
            total += out.size * weight.size // outputs
        return total

    return count
