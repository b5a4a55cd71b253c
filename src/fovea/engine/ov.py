"""OpenVINO on the CPU."""

from collections import deque
from functools import partial
from typing import Any

import openvino as ov
from numpy.typing import NDArray

from fovea.engine.base import Network
from fovea.errors import EngineError
from fovea.forks import PerProcess, running

# Threads of oneTBB leave a call a moment after it has returned. A child that is forked before waits for them for ever.
_SETTLE = 0.1
# OpenVINO prepares its view of NumPy's types at the first call, behind a lock that threads wait for without giving up
# Python's own. Two threads that call it for the first time may wait for each other for ever: here there is one.
ov.Type.f32.to_dtype()
_PRECISIONS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}


class OpenVinoEngine:
    """Networks on OpenVINO, in fp32 or in the 16-bit precision that the processor has units for."""

    name = "openvino"

    def __init__(self, precision: str, threads: int, at_once: int) -> None:
        if precision not in _PRECISIONS:
            raise EngineError(f"engine openvino has no precision {precision!r}; choose {', '.join(_PRECISIONS)}")
        self.precision, self.threads, self._streams = precision, threads, at_once
        self._core = PerProcess(ov.Core)

    def load(self, graph: bytes, exact: bool = False) -> Network:
        """See :meth:`fovea.engine.Engine.load`."""
        settings: dict[str, str | int] = {
            # Left alone, OpenVINO picks bf16 by itself where the processor has it.
            "INFERENCE_PRECISION_HINT": "f32" if exact else _PRECISIONS[self.precision],
            # Each stream runs one call at a time, and all of them share the threads.
            "INFERENCE_NUM_THREADS": self._streams * self.threads,
            "NUM_STREAMS": self._streams,
        }
        compiled = PerProcess(partial(_Compiled, self._core, graph, settings))

        def run(*inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
            with running(_SETTLE):
                return compiled.get().run(inputs)

        return run


class _Compiled:
    """A network that one process has compiled, and its requests."""

    def __init__(self, core: PerProcess[ov.Core], graph: bytes, settings: dict[str, str | int]) -> None:
        try:
            self._model = core.get().compile_model(core.get().read_model(graph), "CPU", settings)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot open the network: {error}") from error
        # A request is not safe to share between threads, and its outputs are overwritten by its next run: each call
        # takes an idle one. All are kept, because a forked child must not free those of its parent either.
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
