"""``fovea mask``, with the recognizer that sees checkerboards."""

import json
import signal

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import ExifTags, Image

pytest.importorskip("torch")
pytest.importorskip("supervision")

from fovea.cli import main
from fovea.cli.interruption import Interruption
from fovea.cli.mask import mask_command
from fovea.datasets import load_dataset
from fovea.errors import DatasetError
from fovea.recognition import OnnxRecognizer, labeling
from fovea.training import PatchConfig, PatchStream, coco_images


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
    stream = PatchStream(coco_images(tmp_path / "labels.json", folder), PatchConfig(size=64, scale_jitter=(1.0, 1.0)))
    patch = next(iter(stream))
    assert np.array_equal(patch.mask[0] == 1, (patch.image != 100).all(dim=0))


def test_boxes_cannot_complete_labels(make_dataset, checkers, tmp_path):
    data = make_dataset(1)
    result = mask(data.with_suffix(""), "-r", checkers, "-o", tmp_path / "x.json", "--labels", data)
    assert result.exit_code == 1 and "take a segmenter" in result.stderr
    assert not (tmp_path / "x.json").exists()


def test_labels_may_name_images_by_whole_paths(make_dataset, checkers, tmp_path):
    data = make_dataset(2, masks=True)
    folder = data.with_suffix("")
    told = json.loads(data.read_text())
    for image in told["images"]:
        image["file_name"] = str(folder / image["file_name"])
    data.write_text(json.dumps(told))
    out = tmp_path / "labels.json"
    assert mask(folder, "-r", checkers, "-o", out, "--labels", data).exit_code == 0
    assert [image.path for image in load_dataset(out, folder).images] == [folder / "1.png", folder / "2.png"]


@pytest.fixture
def no_work(monkeypatch):
    """Nothing may be seen."""

    def refuse(*_, **__):
        raise AssertionError("the work began")

    monkeypatch.setattr(OnnxRecognizer, "predict", refuse)


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("", "is a folder: name a file"),
        ("labels.xml", "labels are written as .json"),
        ("set/1.png", "labels are written as .json"),
        ("set.json", "is an input, too"),
        ("link.json", "is the input"),
        ("set/1.png/labels.json", "cannot be written: Not a directory"),
    ],
)
def test_where_labels_cannot_be_written_is_told_before_the_work(make_dataset, checkers, tmp_path, no_work, out, reason):
    data = make_dataset(1, masks=True)
    (data.parent / "link.json").symlink_to(data.with_suffix("") / "1.png")
    before = {path: path.read_bytes() for path in data.parent.rglob("*") if path.is_file()}
    result = mask(data.with_suffix(""), "-r", checkers, "-o", data.parent / out, "--labels", data)
    assert result.exit_code in (1, 2) and reason in result.stderr and result.stderr.count("\n") == 1
    assert {path: path.read_bytes() for path in data.parent.rglob("*") if path.is_file()} == before


def test_a_label_that_cannot_be_kept_costs_its_image_alone(make_dataset, checkers, tmp_path, monkeypatch):
    data = make_dataset(3, masks=True)
    encoded = labeling._encoded

    def broken(annotation, image):
        if image.path.name == "2.png":
            raise DatasetError("an annotation is no polygon")
        return encoded(annotation, image)

    monkeypatch.setattr(labeling, "_encoded", broken)
    out = tmp_path / "labels.json"
    result = mask(data.with_suffix(""), "-r", checkers, "-o", out, "--labels", data)
    assert result.exit_code == 1
    assert f"{data.with_suffix('')}/2.png: an annotation is no polygon" in result.stderr
    assert [image["file_name"] for image in json.loads(out.read_text())["images"]] == ["1.png", "3.png"]


def test_what_is_done_is_kept_when_interrupted(make_dataset, checkers, tmp_path, monkeypatch):
    folder = make_dataset(3).with_suffix("")
    predict, seen = OnnxRecognizer.predict, []

    def interrupted(self, images, only=None):
        if len(seen) == 2:
            raise Interruption(signal.SIGTERM)
        seen.append(images)
        return predict(self, images, only)

    monkeypatch.setattr(OnnxRecognizer, "predict", interrupted)
    arguments = [str(folder), "-r", str(checkers), "-o", str(tmp_path / "labels.json")]
    for place in ("labels.json", "labels.part.json"):  # the second time there is something to lose
        seen.clear()
        with pytest.raises(Interruption, match=f"ended by SIGTERM: .*{place} has 2 of 3 images"):
            CliRunner().invoke(mask_command, arguments)
        assert len(json.loads((tmp_path / place).read_text())["images"]) == 2


def test_what_is_passed_over_is_told(make_dataset, checkers, tmp_path):
    folder = make_dataset(1).with_suffix("")
    (folder / "notes.txt").touch()
    (folder / "gone.png").symlink_to("nowhere.png")
    result = mask(folder, "-r", checkers, "-o", tmp_path / "labels.json")
    assert result.exit_code == 1
    assert f"{folder}/gone.png: No such file" in result.stderr
    assert "; 1 file was skipped: 1 .txt" in result.stderr and "1 of 2 images failed" in result.stderr


def test_no_image_no_labels(tmp_path, checkers):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "1.png").write_bytes(b"no image")
    result = mask(tmp_path / "set", "-r", checkers, "-o", tmp_path / "labels.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert not (tmp_path / "labels.json").exists()


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
