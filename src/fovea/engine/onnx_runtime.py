"""The engine that runs networks with ONNX Runtime on the CPU."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from fovea.engine.base import Network
from fovea.errors import EngineError
from fovea.forks import PerProcess, running
from fovea.parallel import checkpoint

# ONNX Runtime 1.32 reports its use to Microsoft unless this variable is set before the import. The thread that sends
# the reports would also keep a forked child from ending.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort


class Value(NamedTuple):
    """An input or an output of a graph.

    Attributes:
        name: name in the graph.
        shape: size of each axis; a name or None for an axis of any size.
        type: type as ONNX Runtime writes it, such as ``tensor(float)``.
    """

    name: str
    shape: tuple[int | str | None, ...]
    type: str


class Session:
    """An ONNX graph that is ready to run. Threads may share it. A forked child opens it again.

    Args:
        graph: serialized ONNX model, or the path of its file.
        threads: number of threads that one run uses.
    """

    def __init__(self, graph: bytes | Path, threads: int) -> None:
        self._session = PerProcess(partial(_open, graph, threads))

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The inputs of the graph, in order.

        Raises:
            EngineError: ONNX Runtime does not open the graph.
        """
        return _values(self._session.get().get_inputs())

    @property
    def outputs(self) -> tuple[Value, ...]:
        """The outputs of the graph, in order.

        Raises:
            EngineError: ONNX Runtime does not open the graph.
        """
        return _values(self._session.get().get_outputs())

    @property
    def metadata(self) -> dict[str, str]:
        """The metadata that the exporter stored in the graph.

        Raises:
            EngineError: ONNX Runtime does not open the graph.
        """
        return dict(self._session.get().get_modelmeta().custom_metadata_map)

    def __call__(self, *inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Run the graph.

        Args:
            inputs: arrays in the order of the graph's inputs.

        Returns:
            Arrays in the order of the graph's outputs.

        Raises:
            EngineError: ONNX Runtime does not open the graph, or the run fails.
            MemoryError: there is not enough memory.
        """
        checkpoint()
        try:
            with running():
                session = self._session.get()
                names = [value.name for value in session.get_inputs()]
                return tuple(session.run(None, dict(zip(names, inputs, strict=True))))
        except EngineError:
            raise
        except Exception as error:
            raise _own_error(error, "failed to run the network") from error


class OnnxRuntimeEngine:
    """An engine that runs networks with ONNX Runtime, in fp32."""

    name = "onnxruntime"

    def __init__(self, precision: str, threads: int, _at_once: int) -> None:
        if precision not in ("auto", "fp32"):
            raise EngineError(f"engine onnxruntime has no precision {precision!r}: choose fp32 or auto")
        self.precision, self.threads = "fp32", threads

    def load(self, graph: bytes, exact: bool = False) -> Network:
        """Load an ONNX graph, as :meth:`fovea.engine.Engine.load` describes."""
        return Session(graph, self.threads)


def _open(graph: bytes | Path, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait would take the cores from other tiles and images.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # fatal errors only: ONNX Runtime also raises its errors
    try:
        return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise _own_error(error, "cannot open the network") from error


def _own_error(error: Exception, failure: str) -> Exception:
    """Return the error to raise instead of an error of ONNX Runtime, whose errors have no common base class."""
    reason = " ".join(str(error).split())
    if "bad_alloc" in reason or "Failed to allocate memory" in reason:
        return MemoryError(reason)
    return EngineError(f"ONNX Runtime {failure}: {reason}")


def _values(arguments: Sequence[ort.NodeArg]) -> tuple[Value, ...]:
    return tuple(Value(value.name, tuple(value.shape), value.type) for value in arguments)
