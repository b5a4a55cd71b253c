"""The real models on a few real images."""

from pathlib import Path

import pytest

from fovea.datasets import load_dataset
from fovea.recognition import load, match, to_results

IMAGES = 12

# AP of the first 12 images; a swapped color order or a wrong letterbox costs several points.
BOX_AP = {
    "yolox_nano": 34.1,
    "centernet_mbv3_512": 37.4,
    "yolov5n": 40.0,
    "yolov8n": 49.3,
    "yolov8n-seg": 53.7,
}
MASK_AP = 41.7


@pytest.mark.parametrize("name", sorted(BOX_AP))
def test_average_precision_on_the_originals(name: str, shared: Path) -> None:
    recognizer = load(shared / "models" / f"{name}.onnx")
    data = load_dataset(shared / "data" / "coco" / "val_masks.json", shared / "data" / "coco" / "val").limit(IMAGES)
    categories = data.category_ids(recognizer.classes)
    results = []
    for image in data.images:
        (detections,) = recognizer.predict([image.load()])
        results += to_results(detections, image.id, categories)
    assert 100 * match(data, results, "box", categories).score.ap == pytest.approx(BOX_AP[name], abs=0.5)
    if name == "yolov8n-seg":
        assert 100 * match(data, results, "mask", categories).score.ap == pytest.approx(MASK_AP, abs=0.5)
