"""Running exported networks on an inference runtime that the user chooses.

A new runtime needs one more module with the interface of :class:`Engine`, and one more line in ``base.py``.
"""

from typing import TYPE_CHECKING, Any

from fovea.engine.base import Engine, Network, available_cores, create_engine, engine_names

if TYPE_CHECKING:
    from fovea.engine.onnx_runtime import Session

__all__ = ["Engine", "Network", "Session", "available_cores", "create_engine", "engine_names"]


def __getattr__(name: str) -> Any:
    if name == "Session":  # imported when it is first used, because ONNX Runtime takes long to import
        from fovea.engine.onnx_runtime import Session

        return Session
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
