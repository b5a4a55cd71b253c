import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from fovea.training import Hardware, read_config, train

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
