"""The engine that runs networks with OpenVINO on the CPU."""

from collections import deque
from functools import partial
from typing import Any

import openvino as ov
from numpy.typing import NDArray

from fovea.engine.base import Network
from fovea.errors import EngineError
from fovea.forks import PerProcess, running
from fovea.parallel import checkpoint

_SETTLE = 0.1
"""Seconds after a call until the threads of oneTBB rest. A child that is forked earlier waits for them forever."""
# At its first call, OpenVINO prepares its table of NumPy types under a lock. A thread that waits for this lock keeps
# the lock of the Python interpreter, so two threads that make the first call may wait for each other forever. Here one
# thread makes the first call.
ov.Type.f32.to_dtype()
_PRECISIONS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}


class OpenVinoEngine:
    """An engine that runs networks with OpenVINO, in fp32 or in a 16-bit precision that the processor supports."""

    name = "openvino"

    def __init__(self, precision: str, threads: int, at_once: int) -> None:
        if precision not in (*_PRECISIONS, "auto"):
            raise EngineError(
                f"engine openvino has no precision {precision!r}: choose one of {', '.join(_PRECISIONS)}, auto"
            )
        self._core = PerProcess(ov.Core)
        faster = precision == "auto" and "BF16" in self._core.get().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self.precision = "fp32" if precision == "auto" and not faster else precision
        self.threads, self._streams = threads, at_once

    def load(self, graph: bytes, exact: bool = False) -> Network:
        """Load an ONNX graph, as :meth:`fovea.engine.Engine.load` describes."""
        settings: dict[str, str | int] = {
            # Without this setting, OpenVINO chooses bf16 on processors that support it.
            "INFERENCE_PRECISION_HINT": "f32" if exact else _PRECISIONS.get(self.precision, "bf16"),
            # Each stream runs one call at a time, and the streams share all threads.
            "INFERENCE_NUM_THREADS": self._streams * self.threads,
            "NUM_STREAMS": self._streams,
        }
        compiled = PerProcess(partial(_Compiled, self._core, graph, settings))

        def run(*inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
            checkpoint()
            with running(_SETTLE):
                return compiled.get().run(inputs)

        return run


class _Compiled:
    """A network that one process has compiled, with its inference requests."""

    def __init__(self, core: PerProcess[ov.Core], graph: bytes, settings: dict[str, str | int]) -> None:
        try:
            self._model = core.get().compile_model(core.get().read_model(graph), "CPU", settings)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot open the network: {error}") from error
        # Two threads must not use the same request at the same time, and the next run of a request overwrites its
        # outputs, so each call takes an idle request. The list keeps all of them alive, because a forked child must
        # never free a request of its parent.
        self._requests: list[ov.InferRequest] = []
        self._idle: deque[ov.InferRequest] = deque()

    def run(self, inputs: tuple[NDArray[Any], ...]) -> tuple[NDArray[Any], ...]:
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._model.create_infer_request()
            self._requests.append(request)
        try:
            results = request.infer(list(inputs), share_inputs=True)
            return tuple(results[output].copy() for output in self._model.outputs)
        except RuntimeError as error:
            if "bad_alloc" in str(error):
                raise MemoryError(str(error)) from error
            raise EngineError(f"OpenVINO failed to run the network: {error}") from error
        finally:
            self._idle.append(request)
