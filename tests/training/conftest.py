import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from onnx import helper, numpy_helper
from PIL import Image

from fovea.training import FinderTrainingConfig, Hardware, read_config, train

from ..onnx_models import save_constant


@pytest.fixture(autouse=True)
def _in_one_process(in_this_process, quick_exports):
    """No training of these tests starts processes."""
    with in_this_process():
        yield


def _draw(folder: Path) -> None:
    """Write six pictures of a bright square on noise, and COCO labels in ``train.json``."""
    random = np.random.default_rng(0)
    images, annotations = [], []
    for number in range(6):
        pixels = random.integers(0, 90, (90, 120, 3), dtype=np.uint8)
        left, top = int(random.integers(10, 60)), int(random.integers(5, 40))
        pixels[top : top + 30, left : left + 40] = 220
        Image.fromarray(pixels).save(folder / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": 120, "height": 90})
        annotations.append({"id": number, "image_id": number, "category_id": 1, "bbox": [left, top, 40, 30]})
    (folder / "train.json").write_text(json.dumps({"images": images, "annotations": annotations}))


def _configure(folder: Path) -> Path:
    """Write the configuration of a training on the pictures in a folder that ends within a second."""
    config = {
        "name": "tiny",
        "architecture": {
            "wide": 16, "wide_blocks": 1, "deep": 16, "deep_blocks": 1, "latent": 16, "hyper": 8, "prior": 16
        },
        "data": {
            "images": str(folder), "annotations": str(folder / "train.json"), "validation_images": 2,
            "patch": {"size": 64},
        },
        "loss": {"name": "object_mse", "background_weight": 0.1},
        "patches": 12,
        "batch_size": 4,
        "warmup_steps": 1,
        "validate_every": 8,
    }  # fmt: skip
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture
def coco(tmp_path) -> Path:
    """A folder of pictures and labels."""
    _draw(tmp_path)
    return tmp_path


@pytest.fixture
def config_file(coco) -> Path:
    """A training that ends within a second."""
    return _configure(coco)


@pytest.fixture(scope="session")
def plain(tmp_path_factory, in_this_process) -> Path:
    """The weights of that training, from which others start."""
    folder = tmp_path_factory.mktemp("plain")
    _draw(folder)
    with in_this_process():
        return train(read_config(_configure(folder)), folder / "run", hardware=Hardware("cpu"), progress=False)


@pytest.fixture
def without_graphs(monkeypatch):
    """An export leaves out the graphs of the networks, which take most of its time."""
    monkeypatch.setattr("fovea.training.export.export_graphs", lambda network: {})


@pytest.fixture
def quarters(tmp_path) -> Path:
    """A recognizer that always detects its upper left quarter, and with a lower score a part of the lower right."""
    boxes = np.zeros((1, 84, 336), np.float32)  # cells of strides 8, 16 and 32 on a canvas of 128
    boxes[0, :5, 0] = 32, 32, 64, 64, 0.9
    boxes[0, :5, 1] = 104, 112, 48, 32, 0.125
    return save_constant(tmp_path / "quarters.onnx", [1, 3, 128, 128], {"output0": boxes})


@pytest.fixture
def teacher(quarters):
    """A recognizer that always detects two quarters, with a tensor "map" inside."""
    model = onnx.load(quarters)
    features = np.random.default_rng(0).normal(size=(1, 3, 16, 16)).astype(np.float32)
    model.graph.node.append(helper.make_node("Constant", [], ["map"], value=numpy_helper.from_array(features)))
    onnx.save(model, quarters)
    return quarters


@pytest.fixture
def pictures(tmp_path):
    """A folder of 12 pictures without labels; two of them are of one camera."""
    folder = tmp_path / "street"
    folder.mkdir()
    names = [f"gate_{number}" for number in range(2)] + [f"road_{number}" for number in range(10)]
    for number, name in enumerate(names):
        pixels = np.random.default_rng(number).integers(0, 256, (100, 120, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def finder_config(masked, pictures, teacher, tmp_path):
    """A training of a finder that ends within seconds."""
    return FinderTrainingConfig.model_validate(
        {
            "name": "tiny",
            "network": {"near": 8, "middle": 8, "far": 16, "dilations": [1]},
            "teachers": [{"recognizer": str(teacher)}],
            "shapes": {"recognizer": str(teacher), "tensors": ["map"], "width": 4, "steps": 2},
            "labels": str(tmp_path / "labels"),
            "data": {
                "sources": [
                    {"images": str(masked), "annotations": str(masked / "train.json")},
                    {"images": str(pictures), "held_out": ["gate"]},
                ],
                "validation_images": 2,
                "patch": {"size": 64, "cutmix": 0.5, "color_jitter": True},
            },
            "patches": 12,
            "batch_size": 4,
            "warmup_steps": 1,
            "ema_decay": 0.5,
            "validate_every": 8,
        }
    )


@pytest.fixture
def masked(coco):
    """The folder ``coco``, with the mask of the upper half of every second object."""
    path = coco / "train.json"
    labels = json.loads(path.read_text())
    for annotation in labels["annotations"][::2]:
        left, top, width, height = annotation["bbox"]
        right, bottom = left + width, top + height / 2
        annotation["segmentation"] = [[left, top, right, top, right, bottom, left, bottom]]
    path.write_text(json.dumps(labels))
    return coco
