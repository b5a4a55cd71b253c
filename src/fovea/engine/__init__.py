"""Running exported networks on an inference runtime that the user chooses.

A new runtime needs one more module with the interface of :class:`Engine`, and one more line in ``base.py``.
"""

from typing import TYPE_CHECKING, Any

from fovea.engine.base import Engine, Network, available_cores, create_engine, engine_names

if TYPE_CHECKING:
    from fovea.engine.onnx_runtime import Session, Value

__all__ = ["Engine", "Network", "Session", "Value", "available_cores", "create_engine", "engine_names"]


def __getattr__(name: str) -> Any:
    if name in ("Session", "Value"):  # imported when they are first used, because ONNX Runtime takes long to import
        from fovea.engine import onnx_runtime

        return getattr(onnx_runtime, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
