"""OpenVINO on the CPU."""

import threading
from typing import Any

import openvino as ov
from numpy.typing import NDArray

from fovea.engine.base import Network, available_cores
from fovea.errors import EngineError

_PRECISIONS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}


class OpenVinoEngine:
    """Networks on OpenVINO, in fp32 or in the 16-bit precision that the processor has units for."""

    name = "openvino"

    def __init__(self, precision: str, threads: int) -> None:
        if precision not in _PRECISIONS:
            raise EngineError(f"engine openvino has no precision {precision!r}; choose {', '.join(_PRECISIONS)}")
        self.precision, self.threads = precision, threads
        self._core = ov.Core()

    def load(self, graph: bytes, exact: bool = False) -> Network:
        """See :meth:`fovea.engine.Engine.load`."""
        # Each stream runs one call at a time, and all of them share the threads: enough of both for all cores.
        streams = max(1, available_cores() // self.threads)
        settings = {
            # Left alone, OpenVINO picks bf16 by itself where the processor has it.
            "INFERENCE_PRECISION_HINT": "f32" if exact else _PRECISIONS[self.precision],
            "INFERENCE_NUM_THREADS": streams * self.threads,
            "NUM_STREAMS": streams,
        }
        try:
            compiled = self._core.compile_model(self._core.read_model(graph), "CPU", settings)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot load a network of this model: {error}") from error
        local = threading.local()

        def run(*inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
            # A request is not safe to share between threads, and its outputs are overwritten by its next run.
            if not hasattr(local, "request"):
                local.request = compiled.create_infer_request()
            try:
                results = local.request.infer(list(inputs), share_inputs=True)
            except RuntimeError as error:
                raise EngineError(f"OpenVINO failed to run a network of this model: {error}") from error
            return tuple(results[output].copy() for output in compiled.outputs)

        return run
