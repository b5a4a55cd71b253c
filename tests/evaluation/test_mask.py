"""``fovea mask``, with the recognizer that sees checkerboards."""

import json

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import ExifTags, Image

from fovea.cli import main
from fovea.recognition import load_dataset
from fovea.training.data import read_coco
from fovea.training.patches import PatchStream


def mask(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["mask", *(str(argument) for argument in arguments)])


def test_labels_a_folder_past_a_file_that_is_no_image(make_dataset, checkers, tmp_path):
    folder = make_dataset(2).with_suffix("")
    (folder / "0.png").write_bytes(b"no image")
    out = tmp_path / "new" / "labels.json"
    result = mask(folder, "-r", checkers, "-o", out)
    assert result.exit_code == 1
    assert result.stdout.strip() == str(out)
    assert "0.png: does not open" in result.stderr and "1 of 3 images failed" in result.stderr
    told = json.loads(out.read_text())
    assert [image["file_name"] for image in told["images"]] == ["1.png", "2.png"]
    assert {annotation["category_id"] for annotation in told["annotations"]} == {1}
    assert len(told["annotations"]) >= 3


@pytest.mark.parametrize("orientation", [1, 3, 5])
def test_labels_of_turned_photos_fit_when_they_are_read_back(orientation, checkers, tmp_path):
    # Under these turns the checkerboard stays one that the recognizer sees.
    pixels = np.full((64, 64, 3), 100, np.uint8)
    pixels[:16, 48:] = 40 + 200 * (np.indices((16, 16)).sum(axis=0) % 2)[..., None]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(pixels).save(folder / "a.png", exif=exif)
    assert mask(folder, "-r", checkers, "-o", tmp_path / "labels.json").exit_code == 0

    dataset = load_dataset(tmp_path / "labels.json", folder)
    (image,) = dataset.images
    assert np.array_equal(dataset.object_mask(image), (image.load() != 100).all(axis=2))
    stream = PatchStream(read_coco(tmp_path / "labels.json", folder), size=64, scale=(1.0, 1.0))
    patch = next(iter(stream))
    assert np.array_equal(patch.mask[0] == 1, (patch.image != 100).all(dim=0))


def test_boxes_cannot_complete_labels(make_dataset, checkers, tmp_path):
    data = make_dataset(1)
    result = mask(data.with_suffix(""), "-r", checkers, "-o", tmp_path / "x.json", "--labels", data)
    assert result.exit_code == 1 and "take a segmenter" in result.stderr
    assert not (tmp_path / "x.json").exists()


def test_what_labels_leave_out_is_told(make_dataset, checkers, tmp_path):
    data = make_dataset(1)
    told = json.loads(data.read_text())
    told["annotations"][0] |= {"segmentation": [[1, 1, 5, 5]], "iscrowd": 1}
    told["annotations"] = told["annotations"][:1]
    data.write_text(json.dumps(told))
    result = mask(data.with_suffix(""), "-r", checkers, "-o", tmp_path / "x.json", "--labels", data)
    assert result.exit_code == 0, result.stderr
    assert f"fovea: {data}: objects of which no polygon has an area, which count as their boxes: 1 (" in result.stderr


def test_labels_name_images_that_lie_elsewhere(make_dataset, checkers, tmp_path):
    data = make_dataset(1)
    told = json.loads(data.read_text())
    for image in told["images"]:
        image["file_name"] = str(data.with_suffix("") / image["file_name"])
    data.write_text(json.dumps(told | {"annotations": []}))
    (tmp_path / "empty").mkdir()
    result = mask(tmp_path / "empty", "-r", checkers, "-o", tmp_path / "x.json", "--labels", data)
    assert result.exit_code == 0, result.stderr
    images = load_dataset(tmp_path / "x.json", tmp_path / "empty").images
    assert [image.path.resolve() for image in images] == [data.with_suffix("") / "1.png"]


def test_missing_folder(checkers, tmp_path):
    result = mask(tmp_path / "nowhere", "-r", checkers, "-o", tmp_path / "x.json")
    assert result.exit_code == 1 and "is no folder of images" in result.stderr
