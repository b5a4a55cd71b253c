"""The interface of an inference runtime, and the choice among them."""

import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from numpy.typing import NDArray

from fovea.errors import ArgumentError, EngineError

_ENGINES = {
    "onnxruntime": ("fovea.engine.ort", "OnnxRuntimeEngine", "onnxruntime"),
    "openvino": ("fovea.engine.ov", "OpenVinoEngine", "openvino"),
}


class Network(Protocol):
    """A loaded network. May be called from several threads at once."""

    def __call__(self, *inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Run on arrays in the order of the graph's inputs; outputs in the order of its outputs."""


class Engine(Protocol):
    """An inference runtime with its settings.

    Attributes:
        name: as in :func:`create_engine`.
        precision: "fp32", or a faster one that the runtime has. Never applies to exact networks.
        threads: that one call may use; calls at the same time run side by side, on other cores where there are more.
    """

    name: str
    precision: str
    threads: int

    def load(self, graph: bytes, exact: bool = False) -> Network:
        """Make an ONNX graph ready to run.

        Args:
            graph: a serialized ONNX model.
            exact: the graph computes with integers held in float32 and must run in true float32.

        Returns:
            The network. It is opened when it is first run, and an ``EngineError`` then says what the runtime refuses.
        """


def engine_names() -> list[str]:
    """Engines whose runtime is installed, the default first."""
    return [name for name, (_, _, package) in _ENGINES.items() if find_spec(package)]


def create_engine(
    name: str = "onnxruntime", precision: str = "fp32", threads: int | None = None, at_once: int | None = None
) -> Engine:
    """An engine by name.

    Args:
        name: "onnxruntime" or "openvino".
        precision: "fp32" everywhere; OpenVINO also has "bf16" and "fp16" on processors with such units.
        threads: for one call; all cores by default, and never more than there are.
        at_once: how many calls run side by side at most, where the runtime can hold to that (OpenVINO); by default as
            many as there are cores for.

    Raises:
        ArgumentError: the name is unknown, or there is less than one thread.
        EngineError: the runtime is not installed, or has no such precision.
    """
    if name not in _ENGINES:
        raise ArgumentError(f"unknown engine {name!r}; there are {', '.join(_ENGINES)}")
    module, attribute, package = _ENGINES[name]
    try:
        engine_class = getattr(import_module(module), attribute)
    except ImportError as error:
        if error.__cause__ is not None and not isinstance(error.__cause__, Exception):
            raise error.__cause__ from None  # a signal in the middle of the import, which extensions take for a failure
        raise EngineError(f"engine {name} needs the package {package}: pip install {package}") from error
    cores = available_cores()
    if threads is not None and threads < 1:
        raise ArgumentError(f"an engine cannot run on {threads} threads: choose 1 or more, or None for all cores")
    threads = min(threads or cores, cores)
    engine: Engine = engine_class(precision, threads, at_once or max(1, cores // threads))
    return engine


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
