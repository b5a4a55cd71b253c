"""A data set and a recognizer that fit each other, made for each test."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

SIDE = 64
CELL = 16


def save_recognizer(path: Path) -> Path:
    """A YOLOv8-shaped network that sees a bright square of 16 pixels wherever one lies on its grid."""
    cells = SIDE // CELL
    y, x = np.mgrid[:cells, :cells].astype(np.float32)
    centers = (np.stack([x, y]) + 0.5) * CELL
    boxes = np.concatenate([centers, np.full_like(centers, CELL)]).reshape(1, 4, -1)
    rest = np.zeros((1, 79, cells * cells), np.float32)
    nodes = [
        helper.make_node("AveragePool", ["images"], ["pooled"], kernel_shape=[CELL, CELL], strides=[CELL, CELL]),
        helper.make_node("ReduceMean", ["pooled"], ["gray"], axes=[1], keepdims=1),
        helper.make_node("Reshape", ["gray", "shape"], ["score"]),
        helper.make_node("Concat", ["boxes", "score", "rest"], ["output0"], axis=1),
    ]
    constants = {"boxes": boxes, "rest": rest, "shape": np.array([1, 1, -1], np.int64)}
    graph = helper.make_graph(
        nodes,
        "squares",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 84, cells * cells])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    # A grid this coarse is no known family's: say what it is.
    path.with_suffix(".yaml").write_text(
        "feed: {size: 64, scale: 0.00392156862745098}\nread: {format: yolov8}\nclasses: coco\nnms: 0.5\n"
    )
    return path


def save_dataset(folder: Path, images: int) -> Path:
    """Noise with two bright squares an image, and the json that says where."""
    random, listed, annotations = np.random.default_rng(5), [], []
    (folder / "set").mkdir(parents=True)
    for number in range(1, images + 1):
        pixels = random.integers(0, 90, (SIDE, SIDE, 3), dtype=np.uint8)
        for cell in random.choice(16, 2, replace=False).tolist():
            top, left = CELL * (cell // 4), CELL * (cell % 4)
            pixels[top : top + CELL, left : left + CELL] = random.integers(120, 256)
            annotations.append(
                {"id": len(annotations) + 1, "image_id": number, "category_id": 1, "bbox": [left, top, CELL, CELL]}
            )
        Image.fromarray(pixels).save(folder / "set" / f"{number}.png")
        listed.append({"id": number, "file_name": f"{number}.png", "width": SIDE, "height": SIDE})
    told = {"images": listed, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    path = folder / "set.json"
    path.write_text(json.dumps(told))
    return path


@pytest.fixture(scope="session")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recognizer."""
    return save_recognizer(tmp_path_factory.mktemp("recognizer") / "squares.onnx")


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[[int], Path]:
    """Writes a data set of so many images."""
    return lambda images: save_dataset(tmp_path / "data", images)
