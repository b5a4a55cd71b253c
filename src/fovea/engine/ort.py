"""ONNX Runtime on the CPU."""

from typing import Any

import onnxruntime as ort
from numpy.typing import NDArray

from fovea.engine.base import Network
from fovea.errors import EngineError


class OnnxRuntimeEngine:
    """Networks on ONNX Runtime, in fp32."""

    name = "onnxruntime"

    def __init__(self, precision: str, threads: int) -> None:
        if precision != "fp32":
            raise EngineError(f"engine onnxruntime has no precision {precision!r}; it runs fp32")
        self.precision, self.threads = precision, threads

    def load(self, graph: bytes, exact: bool = False) -> Network:
        """See :meth:`fovea.engine.Engine.load`."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        # Spinning threads would take the cores from tiles and images that are coded beside this one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime has no base class of its own errors
            raise EngineError(f"ONNX Runtime cannot load a network of this model: {error}") from error
        names = [value.name for value in session.get_inputs()]

        def run(*inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
            try:
                return tuple(session.run(None, dict(zip(names, inputs, strict=True))))
            except Exception as error:
                raise EngineError(f"ONNX Runtime failed to run a network of this model: {error}") from error

        return run
