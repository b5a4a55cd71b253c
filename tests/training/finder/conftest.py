import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from PIL import Image

from fovea.training import FinderTrainingConfig


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
def config(coco, pictures, teacher, tmp_path):
    """A training that ends within seconds; the labels of ``coco`` have a mask for every second object."""
    return FinderTrainingConfig.model_validate(
        {
            "name": "tiny",
            "network": {"near": 8, "middle": 8, "far": 16, "dilations": [1]},
            "teachers": [{"recognizer": str(teacher)}],
            "shapes": {"recognizer": str(teacher), "tensors": ["map"], "width": 4, "steps": 2},
            "labels": str(tmp_path / "labels"),
            "data": {
                "sources": [
                    {"images": str(coco), "annotations": str(coco / "train.json")},
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
def coco(coco):
    """The labels, with the mask of the middle of every second object."""
    import json

    path = coco / "train.json"
    labels = json.loads(path.read_text())
    for annotation in labels["annotations"][::2]:
        left, top, width, height = annotation["bbox"]
        right, bottom = left + width, top + height / 2
        annotation["segmentation"] = [[left, top, right, top, right, bottom, left, bottom]]
    path.write_text(json.dumps(labels))
    return coco
