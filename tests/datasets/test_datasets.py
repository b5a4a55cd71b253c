from pathlib import Path

import numpy as np
import pytest
import supervision as sv
from PIL import Image

from fovea.baselines import detections_mask
from fovea.datasets import Annotation, Dataset, DatasetImage, load_dataset, region, run_lengths
from fovea.errors import DatasetError
from fovea.training import PatchConfig, object_weights

from .pictures import picture


def test_limit_keeps_the_first_images(coco_json: Path) -> None:
    data = load_dataset(coco_json).limit(1)
    assert [image.id for image in data.images] == [10] and len(data.annotations) == 2
    assert len(load_dataset(coco_json).limit(99)) == 3
    with pytest.raises(DatasetError, match="at least 1"):
        data.limit(0)


def test_object_mask_takes_masks_and_boxes(coco_json: Path) -> None:
    data = load_dataset(coco_json)
    mask = data.object_mask(data.images[1])
    assert mask.shape == (60, 40) and mask[5:15, 5:15].all() and mask[30:].all() and mask.sum() == 1300
    assert not data.object_mask(data.images[2]).any()


def test_a_box_covers_all_pixels_that_it_touches_wherever_it_is_painted() -> None:
    left, top, width, height = box = (1.6, 0.4, 3.8, 2.2)
    expected = np.zeros((5, 8), np.bool_)
    expected[0:3, 1:6] = True
    corners = np.array([[left, top, left + width, top + height]])
    thing = Annotation(1, 1, box, 0.0)
    assert np.array_equal(region(thing, DatasetImage(1, Path("a.png"), 8, 5)), expected)
    assert np.array_equal(object_weights([thing], 5, 8, PatchConfig()) > 0, expected)
    assert np.array_equal(detections_mask(sv.Detections(xyxy=corners), 5, 8), expected)


def test_an_image_that_does_not_open_is_named(coco_json: Path) -> None:
    data = load_dataset(coco_json)
    data.images[0].path.write_bytes(data.images[0].path.read_bytes()[:60])
    with pytest.raises(DatasetError, match=r"1\.png: does not open as an image"):
        data.images[0].load()
    picture(data.images[1].path, (17, 16))
    with pytest.raises(DatasetError, match=r"2\.png: is 17 x 16, and the labels are made for 40 x 60"):
        data.images[1].load()


def test_exif_turns_an_image_only_where_its_labels_ask(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", (40, 20), orientation=6)
    assert DatasetImage(1, path, 40, 20).load()[0, 0].tolist() == [255, 0, 0]
    assert DatasetImage(1, path, 20, 40).load()[0, 19].tolist() == [255, 0, 0]
    (image,) = load_dataset(tmp_path).images
    assert (image.width, image.height) == (20, 40)
    picture(path, (40, 20), orientation=3)
    (image,) = load_dataset(tmp_path).images
    assert image.load()[19, 39].tolist() == [255, 0, 0]


def test_deep_images_are_scaled_not_clipped(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 128 * 257, 65535]], np.uint16)).save(tmp_path / "a.png")
    (image,) = load_dataset(tmp_path).images
    assert image.load()[0, :, 0].tolist() == [0, 128, 255]


def test_a_plain_folder_has_no_labels(tmp_path: Path) -> None:
    picture(tmp_path / "b.png")
    picture(tmp_path / "a.jpg", (30, 10))
    (tmp_path / "notes.txt").write_text("no image")
    data = load_dataset(tmp_path)
    assert [image.path.name for image in data.images] == ["a.jpg", "b.png"]
    assert not data.labeled and data.category_ids(["x", "y"]) == [1, 2]
    (tmp_path / "inside").mkdir()
    assert load_dataset(tmp_path).notes == (
        f"{tmp_path}: folders that are not searched: 1 (inside)",
        f"{tmp_path}: files that are no images: 1 (notes.txt)",
    )
    assert data.category_ids(["stop sign", "Car"]) == [13, 3]
    (tmp_path / "c.png").write_bytes(b"broken")
    with pytest.raises(DatasetError, match=r"c\.png: does not open"):
        load_dataset(tmp_path)
    with pytest.raises(DatasetError, match="is no folder of images"):
        load_dataset(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="holds no images"):
        load_dataset(tmp_path / "empty")


def test_a_plain_folder_has_no_images_elsewhere(tmp_path: Path) -> None:
    picture(tmp_path / "plain" / "a.png")
    picture(tmp_path / "other" / "b.png")
    with pytest.raises(DatasetError, match=r"plain: has no labels of a known format, .* cannot lie in .*other"):
        load_dataset(tmp_path / "plain", tmp_path / "other")
    (image,) = load_dataset(tmp_path / "plain", tmp_path / "other" / ".." / "plain").images
    assert image.path.name == "a.png"


def test_classes_find_their_categories() -> None:
    data = Dataset("d", (), (), {3: "Car", 44: "tv monitor", 72: "tvmonitor", 90: ""})
    assert data.category_ids(["tv", "car", "toothbrush", "cow"]) == [72, 3, 90, None]
    twins = Dataset("d", (), (), {3: "Car", 5: "car"})
    assert data.category_ids(["cow", "tv"]) == [None, 72]
    with pytest.raises(DatasetError, match=r"categories 3 \(Car\) and 5 \(car\) are the same class"):
        twins.category_ids(["car"])
    with pytest.raises(DatasetError, match=r"none of its categories \(Car, .* is a class of the recognizer \(cow\)"):
        data.category_ids(["cow"])


def test_every_form_of_mask_becomes_one_code() -> None:
    polygon = run_lengths([[1, 0, 3, 0, 3, 3, 1, 3]], 3, 4)
    counted = run_lengths({"size": [3, 4], "counts": [3, 6, 3]}, 3, 4)
    assert polygon == counted == run_lengths(polygon, 3, 4)
