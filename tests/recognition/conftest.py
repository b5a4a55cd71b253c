"""Tiny ONNX models, made for each test."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from ..onnx_models import Dims, save, save_constant

MakeModel = Callable[..., Path]


@pytest.fixture
def make_model(tmp_path: Path) -> MakeModel:
    """Writes a model that gives constants, whatever it is fed."""

    def make(name: str, image: Dims, outputs: Mapping[str, np.ndarray], **more: Any) -> Path:
        return save_constant(tmp_path / f"{name}.onnx", image, outputs, **more)

    return make


@pytest.fixture
def echo_model(tmp_path: Path) -> Callable[..., Path]:
    """Writes a model that gives back what it is fed."""

    def make(image: Dims, kind: int = TensorProto.FLOAT) -> Path:
        graph = helper.make_graph(
            [helper.make_node("Identity", ["images"], ["scores"])],
            "echo",
            [helper.make_tensor_value_info("images", kind, image)],
            [helper.make_tensor_value_info("scores", kind, image)],
        )
        return save(tmp_path / "echo.onnx", graph, {})

    return make
