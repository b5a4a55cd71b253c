import json
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

import fovea
from fovea.cli import main

pytest.importorskip("supervision")

import supervision as sv

from fovea.cli.detect import detect_command
from fovea.cli.interruption import Interruption
from fovea.evaluation import draw_detections
from fovea.recognition import OnnxRecognizer

CHECKER = np.indices((16, 16)).sum(axis=0) % 2 * 200 + 20


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Gray, with one thing to see, at 32, 16."""
    pixels = np.full((64, 64, 3), 128, np.uint8)
    pixels[16:32, 32:48] = CHECKER[..., None]
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def detect(*arguments: object) -> Result:
    return CliRunner().invoke(detect_command, [str(argument) for argument in arguments])


def test_json(photo: Path, checkers: Path):
    result = detect(photo, "--recognizer", checkers, "--json")
    told = json.loads(result.stdout)
    assert (told["file"], told["width"], told["height"]) == (str(photo), 64, 64)
    (thing,) = told["objects"]
    assert thing["class"] == "person"
    assert thing["box"] == [32, 16, 48, 32]
    assert thing["score"] > 0.5
    assert list(photo.parent.iterdir()) == [photo]


def test_draws_beside_what_it_read(photo: Path, checkers: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(photo.parent)
    result = detect(photo, "--recognizer", checkers)
    drawn, original = (np.asarray(Image.open(photo.with_name(name))) for name in ("photo.seen.png", "photo.png"))
    assert "person" in result.stdout
    assert drawn.shape == original.shape
    assert not np.array_equal(drawn[16:32, 32:48], original[16:32, 32:48])


def test_reads_fov_files(photo: Path, checkers: Path, tmp_path: Path):
    coded = tmp_path / "photo.fov"
    coded.write_bytes(fovea.encode(np.asarray(Image.open(photo)), 90))
    result = detect(coded, "--recognizer", checkers, "--json", "-o", tmp_path / "new" / "drawn.jpg")
    assert json.loads(result.stdout)["width"] == 64
    assert Image.open(tmp_path / "new" / "drawn.jpg").size == (64, 64)


def test_larger_pictures_than_allowed_are_refused(photo: Path, checkers: Path, tmp_path: Path):
    coded = tmp_path / "photo.fov"
    coded.write_bytes(fovea.encode(np.asarray(Image.open(photo)), 90))
    for path in (photo, coded):
        assert detect(path, "-r", checkers, "--json", "--max-pixels", 64 * 64).exit_code == 0
        refused = detect(path, "-r", checkers, "--json", "--max-pixels", 64 * 64 - 1)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert refused.stderr.startswith(f"fovea: {path}: an image of 64x64 pixels is not decoded: more than 4095 have")


def test_threshold(photo: Path, checkers: Path):
    assert json.loads(detect(photo, "--recognizer", checkers, "--json", "--threshold", 0.99).stdout)["objects"] == []


def test_one_bad_file_does_not_stop_the_others(photo: Path, checkers: Path, tmp_path: Path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    result = detect(bad, photo, "--recognizer", checkers, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"fovea: {bad}: ")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["photo.seen.png"]


@pytest.mark.parametrize("place", [["-o", "drawn"], ["--json", "-o", "drawn"], []])
def test_two_images_are_not_drawn_to_one_file(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    other = Path(shutil.copy(photo, tmp_path / "other"))
    result = detect(photo, other, "--recognizer", "nowhere.onnx", *place)
    assert result.exit_code == 2
    target = Path("drawn" if place else "") / "photo.seen.png"
    assert f"{photo} and {other} would both be drawn to {target}" in " ".join(result.stderr.split())


def test_images_of_one_name_are_told_apart_where_nothing_is_drawn(photo: Path, checkers: Path, tmp_path: Path):
    (tmp_path / "other").mkdir()
    other = Path(shutil.copy(photo, tmp_path / "other"))
    result = detect(photo, other, photo, "--recognizer", checkers, "--json")
    assert [json.loads(line)["file"] for line in result.stdout.splitlines()] == [str(photo), str(other), str(photo)]


def test_an_image_named_twice_is_drawn_once_more(photo: Path, checkers: Path, tmp_path: Path):
    assert detect(photo, photo, "--recognizer", checkers, "-o", tmp_path / "out").exit_code == 0


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("photo.png", "is an input, too: choose another"),
        ("link.png", "is the input"),
        ("seen.xyz", "no image format for"),
        ("seen.psd", "choose one of png"),
        ("seen.h5", "choose one of png"),
        ("seen.xbm", "choose one of png"),
        ("photo.png/x.png", "cannot be written: Not a directory"),
    ],
)
def test_where_nothing_can_be_drawn_is_told_before_the_work(photo: Path, checkers: Path, out: str, reason: str):
    before = photo.read_bytes()
    photo.with_name("link.png").symlink_to(photo)
    result = CliRunner().invoke(main, ["detect", str(photo), "-r", str(checkers), "-o", str(photo.parent / out)])
    assert result.exit_code in (1, 2) and reason in result.stderr and result.stderr.count("\n") == 1
    assert photo.read_bytes() == before and len(list(photo.parent.iterdir())) == 2


def test_a_drawing_does_not_go_to_the_output(photo: Path, checkers: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(photo.parent)
    result = CliRunner().invoke(main, ["detect", "photo.png", "-r", str(checkers), "-o", "-"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == ("fovea: a drawing does not go to the standard output: name a file or a folder with -o\n")
    assert list(Path().iterdir()) == [Path("photo.png")]
    assert detect("photo.png", "-r", checkers, "-o", "./-").exit_code == 0
    assert Path("./-/photo.seen.png").exists()


def test_an_earlier_drawing_is_an_input_where_it_is_named(photo: Path, checkers: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(photo.parent)
    assert detect(photo, "-r", checkers).exit_code == 0
    drawn = photo.with_name("photo.seen.png")
    before = drawn.read_bytes()
    assert detect(photo, drawn, "-r", checkers).exit_code == 2
    assert drawn.read_bytes() == before


def test_a_pipe(photo: Path, checkers: Path, tmp_path: Path):
    def piped(*arguments: object) -> Result:
        return CliRunner().invoke(main, ["detect", "-", "-r", str(checkers), *arguments], input=photo.read_bytes())

    assert json.loads(piped("--json").stdout)["file"] == "the input"
    assert piped("-o", str(tmp_path / "drawn.png")).stdout.startswith("the input: person ")
    assert Image.open(tmp_path / "drawn.png").size == (64, 64)
    assert "name a file with -o" in piped().stderr


def test_a_score_is_a_number(photo: Path, checkers: Path):
    assert detect(photo, "-r", checkers, "--threshold", "nan").exit_code == 2


def test_an_interruption_tells_how_many_are_done(photo: Path, checkers: Path, tmp_path: Path, monkeypatch):
    predict, seen = OnnxRecognizer.predict, []

    def interrupted(self, images, only=None):
        if seen:
            raise Interruption(signal.SIGTERM)
        seen.append(images)
        return predict(self, images, only)

    monkeypatch.setattr(OnnxRecognizer, "predict", interrupted)
    other = shutil.copy(photo, tmp_path / "other.png")
    with pytest.raises(Interruption, match="ended by SIGTERM: 1 of 2 images are done"):
        detect(photo, other, "-r", checkers, "-o", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["photo.seen.png"]


def test_masks_are_drawn_and_the_original_kept():
    picture = np.full((64, 64, 3), 128, np.uint8)
    mask = np.zeros((1, 64, 64), bool)
    mask[0, 30:40, 30:40] = True
    found = sv.Detections(
        xyxy=np.array([[20.0, 20, 50, 50]]), confidence=np.array([0.9]), class_id=np.array([0]), mask=mask
    )
    drawn = draw_detections(picture, found, ["person"])
    assert (drawn[35, 35] != 128).any()
    assert (drawn[60, 60] == 128).all()
    assert (picture == 128).all()
