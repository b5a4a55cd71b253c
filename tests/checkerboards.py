"""Recognizers that see checkerboards, and data sets of them."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

SIDE, CELL = 64, 16
CHECKER = np.indices((CELL, CELL)).sum(axis=0) % 2 * 2.0 - 1


def save_recognizer(path: Path) -> Path:
    """A network that sees checkerboards on a grid of cells: fine texture, which coarse coding destroys."""
    cells = SIDE // CELL
    y, x = np.mgrid[:cells, :cells].astype(np.float32)
    centers = (np.stack([x, y]) + 0.5) * CELL
    constants = {
        "kernel": (np.broadcast_to(CHECKER, (1, 3, CELL, CELL)) * 2 / (3 * CELL**2)).astype(np.float32),
        "boxes": np.concatenate([centers, np.full_like(centers, CELL)]).reshape(1, 4, -1),
        "others": np.zeros((1, 79, cells * cells), np.float32),
        "flat": np.array([1, 1, -1], np.int64),
    }
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["contrast"], strides=[CELL, CELL]),
        helper.make_node("Relu", ["contrast"], ["scores"]),
        helper.make_node("Reshape", ["scores", "flat"], ["person"]),
        helper.make_node("Concat", ["boxes", "person", "others"], ["output0"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "checkers",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 84, cells * cells])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    path.with_suffix(".yaml").write_text("read: {format: yolov8, strides: [16]}\nnms: 0.5\n")
    return path


def save_segmenter(path: Path) -> Path:
    """A network that gives each cell a class: person on a checkerboard, else sky on the upper half, else road."""
    cells = SIDE // CELL
    flat = np.full((1, 2, cells, cells), -1, np.float32)  # scores that any contrast below 0.1 loses against
    flat[:, 0, : cells // 2] = flat[:, 1, cells // 2 :] = 0.1
    constants = {
        "kernel": (np.broadcast_to(CHECKER, (1, 3, CELL, CELL)) * 2 / (3 * CELL**2)).astype(np.float32),
        "flat": flat,
    }
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["contrast"], strides=[CELL, CELL]),
        helper.make_node("Concat", ["flat", "contrast"], ["scores"], axis=1),
        helper.make_node("ArgMax", ["scores"], ["labels"], axis=1, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "areas",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("labels", TensorProto.INT64, [1, cells, cells])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    described = path.with_suffix(".yaml")
    described.write_text("read: {format: classmap}\nclasses: [sky, road, person]\n")
    return described


def save_dataset(folder: Path, images: int, contrast: tuple[int, int] = (15, 110), masks: bool = False) -> Path:
    """Noise with three checkerboards an image, and the json that says where."""
    random, listed, annotations = np.random.default_rng(5), [], []
    (folder / "set").mkdir(parents=True)
    for number in range(1, images + 1):
        pixels = random.integers(60, 140, (SIDE, SIDE, 3)).astype(np.float64)
        for cell in random.choice(16, 3, replace=False).tolist():
            top, left = CELL * (cell // 4), CELL * (cell % 4)
            pixels[top : top + CELL, left : left + CELL] = 128 + random.uniform(*contrast) * CHECKER[..., None]
            told = {"id": len(annotations) + 1, "image_id": number, "category_id": 1, "bbox": [left, top, CELL, CELL]}
            if masks:
                right, bottom = left + CELL, top + CELL
                told["segmentation"] = [[left, top, right, top, right, bottom, left, bottom]]
            annotations.append(told)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "set" / f"{number}.png")
        listed.append({"id": number, "file_name": f"{number}.png", "width": SIDE, "height": SIDE})
    told = {"images": listed, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    path = folder / "set.json"
    path.write_text(json.dumps(told))
    return path
