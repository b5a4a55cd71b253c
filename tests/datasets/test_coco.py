import json
from pathlib import Path

import numpy as np
import pytest

from fovea.datasets import load_dataset
from fovea.errors import DatasetError

from .pictures import picture


def changed(path: Path, **changes: object) -> Path:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


def test_coco(coco_json: Path) -> None:
    data = load_dataset(coco_json)
    assert (data.name, len(data), data.labeled, data.masked) == ("set", 3, True, False)
    assert data.categories == {1: "person", 3: "car"}
    assert [image.load().shape for image in data.images] == [(48, 64, 3), (60, 40, 3), (50, 50, 3)]
    assert data.images[1].load()[0, 0].tolist() == [80, 100, 50]
    first, second = data.by_image[10]
    assert first.box == (4, 4, 20, 20) and second.area == 900 and second.segmentation is None
    assert data.by_image[20][1].crowd and data.by_image[30] == ()


def test_coco_without_annotations_has_no_labels(coco_json: Path) -> None:
    told = json.loads(coco_json.read_text())
    coco_json.write_text(json.dumps({"images": told["images"], "categories": told["categories"]}))
    assert not load_dataset(coco_json).labeled


def test_coco_errors_name_the_file_and_the_fault(coco_json: Path, tmp_path: Path) -> None:
    told = json.loads(coco_json.read_text())
    lost = [{**told["images"][0], "id": n, "file_name": f"lost{n}.png"} for n in range(7)]
    object_ = told["annotations"][0]
    for changes, words in [
        ({"images": lost}, "name their folder"),
        ({"images": told["images"] + lost}, r"images not found in .*: 7 \(lost0.png, .*lost4.png, \.\.\.\)"),
        ({"images": []}, "lists no images"),
        ({"images": {}}, r"images is {}: expected a list"),
        ({"images": [{"file_name": "1.png"}]}, r"images\[0\]: id is missing: expected a whole number"),
        ({"images": told["images"] * 2}, "image 10: another image before it has the same id"),
        ({"annotations": [{**object_, "image_id": 999}]}, "annotation 7: image_id is 999: no image that is listed"),
        (
            {"annotations": [{**object_, "category_id": 5}]},
            "annotation 7: category_id is 5: no category",
        ),
        (
            {"annotations": [{**object_, "bbox": [1, 2]}]},
            r"annotation 7: bbox is \[1, 2\]: expected four finite numbers, left, top",
        ),
    ]:
        path = tmp_path / "set.json"
        path.write_text(json.dumps({**told, **changes}))
        with pytest.raises(DatasetError, match=words) as raised:
            load_dataset(path)
        assert "set.json" in str(raised.value)
    path.write_text("{")
    with pytest.raises(DatasetError, match="is no json"):
        load_dataset(path)
    with pytest.raises(DatasetError, match="cannot be read"):
        load_dataset(tmp_path / "none.json")


def test_coco_says_which_labels_count_pixels_as_shown(tmp_path: Path) -> None:
    picture(tmp_path / "set" / "a.png", orientation=3)
    listed = {"id": 1, "file_name": "a.png", "width": 40, "height": 20}
    for told, red in [({}, (0, 0)), ({"upright": False}, (0, 0)), ({"upright": True}, (19, 39))]:
        (tmp_path / "set.json").write_text(json.dumps({"images": [listed | told]}))
        (image,) = load_dataset(tmp_path / "set.json").images
        assert image.load()[red].tolist() == [255, 0, 0]


def test_images_keep_their_order(coco_json: Path) -> None:
    told = json.loads(coco_json.read_text())
    data = load_dataset(changed(coco_json, images=told["images"][::-1]))
    assert [image.id for image in data.images] == [30, 20, 10]
    assert np.array_equal(data.images[2].load()[0, 0], [40, 100, 50])
