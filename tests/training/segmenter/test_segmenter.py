"""The segmenter: its targets, its training, and its file in the loss of a codec."""

import json
import math

import numpy as np
import onnx
import pytest
import torch
import yaml
from PIL import Image

from fovea.datasets import Annotation
from fovea.errors import ArgumentError, DatasetError, FoveaError
from fovea.training import Checkpoint, DataConfig, Hardware, OnnxNetwork, SegmenterConfig, read_onnx, read_yaml, train
from fovea.training.data.images import TrainingImage
from fovea.training.losses.task import TaskDistortion
from fovea.training.segmenter.export import export_segmenter
from fovea.training.segmenter.network import Segmenter
from fovea.training.segmenter.patches import SegmenterPatches
from fovea.training.segmenter.targets import ClassPainter, targets

CPU = Hardware("cpu")


def _box(category, *box, **more):
    return Annotation(1, category, box, box[2] * box[3], **more)


def test_small_objects_are_drawn_over_large_ones():
    annotations = (_box(7, 4, 4, 4, 4), _box(3, 0, 0, 16, 16), _box(3, 20, 0, 4, 4, crowd=True))
    painter = ClassPainter([TrainingImage("a.png", annotations)])
    drawn = painter(annotations, 16, 24)
    assert drawn.shape == (16, 24, 2) and drawn.dtype == np.uint8
    classes, objects = drawn[..., 0], drawn[..., 1]
    assert classes[5, 5] == 2 and classes[12, 12] == 1 and not classes[:, 16:].any()
    assert objects[5, 5] != objects[12, 12]


@pytest.mark.parametrize(("classes", "message"), [(0, "the images have none"), (300, "300 classes")])
def test_classes_must_fit(classes, message):
    annotations = tuple(_box(number, 0, 0, 1, 1) for number in range(classes))
    with pytest.raises(DatasetError, match=message):
        ClassPainter([TrainingImage("a.png", annotations)])


def test_pixels_of_classes_are_counted_without_the_padding(tmp_path):
    images = []
    for number, (width, height) in enumerate([(50, 50), (200, 100), (100, 200)]):
        Image.new("RGB", (width, height)).save(tmp_path / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": width, "height": height})
    thing = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [180, 0, 20, 100], "area": 2000}
    content = {"images": images, "annotations": [thing], "categories": [{"id": 1, "name": "thing"}]}
    (tmp_path / "set.json").write_text(json.dumps(content))
    data = DataConfig(images=tmp_path, annotations=tmp_path / "set.json", validation_images=1, patch={"size": 64})
    patches = SegmenterPatches(SegmenterConfig(name="tiny", data=data, patches=4), seed=0)
    assert patches.class_counts().tolist() == [38000, 2000]


def test_targets_tell_classes_and_outlines():
    drawn = torch.zeros(1, 2, 32, 32, dtype=torch.uint8)
    drawn[:, 0, 8:24, 8:24], drawn[:, 1, 8:24, 8:24] = 5, 1
    classes, outlines = targets(drawn)
    assert classes.shape == (1, 4, 4) and classes[0].tolist()[1] == [0, 5, 5, 0]
    assert outlines.shape == (1, 1, 8, 8)
    assert outlines[0, 0, 2, 2] == 1 and outlines[0, 0, 3, 3] == 0 and outlines[0, 0, 0, 0] == 0


def test_file_computes_what_the_network_does_and_holds_only_what_its_outputs_need(tmp_path):
    torch.manual_seed(0)
    network = Segmenter(3, widths=(8, 16, 24, 512), blocks=1, activation="silu").eval()
    outputs = ["stride4", "stride16"]
    path = tmp_path / "segmenter.onnx"
    path.write_bytes(export_segmenter(network, outputs))
    part = onnx.load(path)
    assert [output.name for output in part.graph.output] == outputs
    weights = sum(parameter.numel() for parameter in network.parameters())
    assert sum(math.prod(tensor.dims) for tensor in part.graph.initializer) < 0.4 * weights
    image = torch.rand(2, 3, 64, 96) * 255
    with torch.no_grad():
        expected = network(image)
        computed = OnnxNetwork(read_onnx(path), outputs)(image)
    for name, output in zip(outputs, computed, strict=True):
        torch.testing.assert_close(output, getattr(expected, name), rtol=1e-3, atol=1e-3)


def test_training_ends_in_a_file_that_a_loss_takes(coco, tmp_path, monkeypatch):
    path = coco / "segmenter.yaml"
    data = {
        "images": str(coco), "annotations": str(coco / "train.json"), "validation_images": 2,
        "patch": {"size": 64, "object_probability": 1.0, "cutmix": 0.5, "color_jitter": True},
    }  # fmt: skip
    sizes = {"widths": [8, 16, 24, 32], "blocks": 1, "patches": 8, "batch_size": 4, "validate_every": 4}
    path.write_text(yaml.safe_dump({"name": "tiny", "data": data, **sizes}))
    config = read_yaml(path, SegmenterConfig)
    with pytest.raises(ArgumentError, match="on one device, not on 2"):
        train(config, tmp_path / "run", hardware=Hardware("cpu", devices=2))
    with monkeypatch.context() as patch:  # the run that goes on writes the file anew
        patch.setattr("fovea.training.segmenter.module.export_segmenter", lambda network, outputs: b"")
        file = train(config, tmp_path / "run", hardware=CPU, progress=False)
    assert (tmp_path / "run" / "last.ckpt").exists()
    again = config.model_copy(update={"patches": 12})
    with pytest.raises(FoveaError, match="--resume"):
        train(again, tmp_path / "run", hardware=CPU, progress=False)
    with pytest.raises(FoveaError, match=r"last\.ckpt: was trained with another seed"):
        train(again.model_copy(update={"seed": 9}), tmp_path / "run", resume=True, hardware=CPU)
    assert train(again, tmp_path / "run", resume=True, hardware=CPU, progress=False) == file
    assert Checkpoint.read(tmp_path / "run" / "last.ckpt").step == 3

    features = ["stride8", "stride16"]
    outputs, inner = (TaskDistortion(file, range="0..255", features=features, output_share=s) for s in (0.5, 0.0))
    original = torch.rand(2, 3, 64, 64) * 255
    mask = torch.ones(2, 1, 64, 64)
    assert inner(original, original, mask).tolist() == [0, 0]
    assert (inner(original + 9, original, mask) > 0).all()
    assert not torch.allclose(inner(original + 9, original, mask), outputs(original + 9, original, mask))
