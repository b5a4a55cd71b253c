import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fovea.datasets import Dataset, DatasetImage, coco_json, load_dataset


@pytest.fixture
def labeled(coco_json: Path) -> Dataset:
    return load_dataset(coco_json)


def test_json_is_read_back(labeled: Dataset, tmp_path: Path):
    folder = labeled.images[0].path.parent
    path = tmp_path / "again.json"
    path.write_text(coco_json(labeled, folder))
    again = load_dataset(path, folder)
    assert again.images == labeled.images and again.categories == labeled.categories
    assert [replace(a, segmentation=None) for a in again.annotations] == [
        replace(a, segmentation=None) for a in labeled.annotations
    ]
    assert np.array_equal(again.object_mask(again.images[1]), labeled.object_mask(again.images[1]))
    assert json.loads(path.read_text())["images"][0]["file_name"] == "1.png"


def test_names_in_the_json_lead_back_to_the_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    inside, outside = tmp_path / "set" / "a" / "1.png", tmp_path / "elsewhere" / "2.png"
    beside = Path("set") / ".." / "3.png"
    images = tuple(DatasetImage(number, path, 4, 4) for number, path in enumerate((inside, outside, beside), 1))
    told = json.loads(coco_json(Dataset("set", images, (), {}), Path("set")))
    names = [image["file_name"] for image in told["images"]]
    assert names == ["a/1.png", outside.as_posix(), "../3.png"]
    assert [(Path("set") / name).resolve() for name in names] == [path.resolve() for path in (inside, outside, beside)]


def test_json_says_which_labels_count_pixels_as_shown():
    stored = DatasetImage(5, Path("photos/a.png"), 40, 30)
    shown = DatasetImage(6, Path("photos/b.png"), 40, 30, upright=True)
    told = json.loads(coco_json(Dataset("photos", (stored, shown), (), {}), Path("photos")))
    assert [image.get("upright") for image in told["images"]] == [None, True]
