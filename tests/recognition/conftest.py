"""Tiny ONNX models and data sets, made for each test."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from PIL import Image

from ..onnx_models import Dims, save, save_constant

MakeModel = Callable[..., Path]


@pytest.fixture
def make_model(tmp_path: Path) -> MakeModel:
    """Writes a model that gives constants, whatever it is fed."""

    def make(name: str, image: Dims, outputs: Mapping[str, np.ndarray], **more: Any) -> Path:
        return save_constant(tmp_path / f"{name}.onnx", image, outputs, **more)

    return make


@pytest.fixture
def echo_model(tmp_path: Path) -> Callable[[Dims], Path]:
    """Writes a model that gives back what it is fed."""

    def make(image: Dims) -> Path:
        graph = helper.make_graph(
            [helper.make_node("Identity", ["images"], ["scores"])],
            "echo",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, image)],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, image)],
        )
        return save(tmp_path / "echo.onnx", graph, {})

    return make


@pytest.fixture
def coco_json(tmp_path: Path) -> Path:
    """Three images in ``set/`` beside ``set.json``: two categories, boxes, a polygon and a crowd."""
    folder = tmp_path / "set"
    folder.mkdir()
    images = []
    for number, (width, height) in enumerate([(64, 48), (40, 60), (50, 50)], 1):
        Image.new("RGB", (width, height), (number * 40, 100, 50)).save(folder / f"{number}.png")
        images.append({"id": number * 10, "file_name": f"{number}.png", "width": width, "height": height})
    annotations = [
        {"id": 7, "image_id": 10, "category_id": 1, "bbox": [4, 4, 20, 20], "area": 400, "iscrowd": 0},
        {"id": 8, "image_id": 10, "category_id": 3, "bbox": [30, 10, 30, 30], "segmentation": []},
        {
            "id": 9,
            "image_id": 20,
            "category_id": 3,
            "bbox": [5, 5, 10, 10],
            "area": 100,
            "segmentation": [[5, 5, 15, 5, 15, 15, 5, 15]],
        },
        {"id": 10, "image_id": 20, "category_id": 1, "bbox": [0, 30, 40, 30], "area": 1200, "iscrowd": 1},
    ]
    categories = [{"id": 1, "name": "person"}, {"id": 3, "name": "car"}]
    path = tmp_path / "set.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path
