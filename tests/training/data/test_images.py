import json

import pytest
from PIL import Image

from fovea.datasets import Annotation
from fovea.errors import DatasetError
from fovea.training.data.images import TrainingImage, coco_images, folder_images

GONE = {"id": 1, "file_name": "gone.png"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no json"),
        ("[]", "is no COCO json"),
        (json.dumps({"images": [], "annotations": []}), "lists no images"),
        (json.dumps({"images": [GONE | {"width": 8, "height": 8}], "annotations": []}), r"gone\.png"),
        (json.dumps({"images": [{"id": 1}], "annotations": []}), r"image 1: file_name is missing"),
    ],
)
def test_broken_annotation_files_are_named(content, message, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(DatasetError, match=message) as error:
        coco_images(path, tmp_path)
    assert "bad.json" in str(error.value)


@pytest.mark.parametrize("annotations", [{}, {"annotations": []}], ids=["left out", "empty"])
def test_labels_without_objects_are_refused(annotations, coco):
    labels = json.loads((coco / "train.json").read_text())
    (coco / "none.json").write_text(json.dumps({"images": labels["images"]} | annotations))
    with pytest.raises(DatasetError, match=r"none\.json: has no annotations"):
        coco_images(coco / "none.json", coco)


def test_objects_are_read_as_they_are_for_evaluation(coco):
    labels = json.loads((coco / "train.json").read_text())
    labels["annotations"][0] |= {"segmentation": [[1, 1], [9, 9, 20, 9, 20, 20]], "iscrowd": "1"}
    (coco / "train.json").write_text(json.dumps(labels))
    first, second, *_ = coco_images(coco / "train.json", coco)
    left, top, *_ = labels["annotations"][0]["bbox"]
    mask = [[9, 9, 20, 9, 20, 20]]
    assert first == TrainingImage(coco / "0.png", (Annotation(0, 1, (left, top, 40, 30), 60.5, mask, True),), (120, 90))
    assert second.annotations[0].area == 1200


def test_images_of_a_folder_are_those_below_it_too(tmp_path):
    for name in ("b.png", "below/a.png", "below/further/c.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "below" / "notes.txt").write_text("no image")
    found = [item.path.relative_to(tmp_path).as_posix() for item in folder_images(tmp_path)]
    assert found == ["b.png", "below/a.png", "below/further/c.jpg"]
