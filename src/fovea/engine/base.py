"""The interface of an inference runtime, and the choice of one."""

import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from numpy.typing import NDArray

from fovea.errors import ArgumentError, EngineError

_ENGINES = {  # name of the engine: module, class, and package that pip installs
    "onnxruntime": ("fovea.engine.onnx_runtime", "OnnxRuntimeEngine", "onnxruntime"),
    "openvino": ("fovea.engine.openvino_runtime", "OpenVinoEngine", "openvino"),
}


class Network(Protocol):
    """A loaded network. Several threads may call it at the same time."""

    def __call__(self, *inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Run the network, after a :func:`fovea.parallel.checkpoint`.

        Args:
            inputs: arrays in the order of the graph's inputs.

        Returns:
            Arrays in the order of the graph's outputs.
        """


class Engine(Protocol):
    """An inference runtime with its settings.

    Attributes:
        name: name of the engine, as in :func:`create_engine`.
        precision: "fp32", or a faster precision of the runtime; "auto" where the runtime has a faster one and the
            caller may use both. Exact networks always run in fp32.
        threads: number of threads that one call may use. Calls at the same time run on different cores if possible.
    """

    name: str
    precision: str
    threads: int

    def load(self, graph: bytes, exact: bool = False) -> Network:
        """Load an ONNX graph.

        Args:
            graph: serialized ONNX model.
            exact: whether the graph must run in true float32, whatever the precision of the engine is, for example
                because it computes with integers that are stored as float32.

        Returns:
            The network. The runtime opens it at the first call, which raises ``EngineError`` if that fails.
        """


def engine_names() -> list[str]:
    """Return the names of the engines whose runtime is installed, the default first."""
    return [name for name, (_, _, package) in _ENGINES.items() if find_spec(package)]


def create_engine(
    name: str = "onnxruntime", precision: str = "auto", threads: int | None = None, at_once: int | None = None
) -> Engine:
    """Return an engine.

    Args:
        name: "onnxruntime" or "openvino".
        precision: "fp32", or "auto" for the fastest that runtime and processor have. OpenVINO also has "bf16" and
            "fp16" on processors that support them.
        threads: number of threads for one call, limited to the number of cores; None for all cores.
        at_once: largest number of calls that run at the same time; None for as many as the cores allow. Only OpenVINO
            has such a limit.

    Raises:
        ArgumentError: the name is unknown, or ``threads`` is less than 1.
        EngineError: the runtime is not installed, or does not have the precision.
    """
    if name not in _ENGINES:
        raise ArgumentError(f"unknown engine {name!r}: choose one of {', '.join(_ENGINES)}")
    module, attribute, package = _ENGINES[name]
    try:
        engine_class = getattr(import_module(module), attribute)
    except ImportError as error:
        if error.__cause__ is not None and not isinstance(error.__cause__, Exception):
            # A signal interrupted the import, and an extension module reported it as an ImportError.
            raise error.__cause__ from None
        raise EngineError(f"engine {name} needs the package {package}: pip install {package}") from error
    cores = available_cores()
    if threads is not None and threads < 1:
        raise ArgumentError(f"an engine cannot run on {threads} threads: choose 1 or more, or None for all cores")
    threads = min(threads or cores, cores)
    engine: Engine = engine_class(precision, threads, at_once or max(1, cores // threads))
    return engine


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
