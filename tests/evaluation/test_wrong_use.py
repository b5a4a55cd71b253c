"""Every wrong use gives an error of one line, before the long work."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper
from PIL import Image

from fovea.baselines.pillow_codecs import WebP
from fovea.cli import main
from fovea.datasets import load_dataset
from fovea.errors import BaselineError, DatasetError, FoveaError, ModelError, RecognizerError
from fovea.evaluation import evaluate
from fovea.evaluation.codecs import find_codecs
from fovea.evaluation.running import pool


@pytest.fixture(autouse=True)
def no_long_work(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("the long work began")

    monkeypatch.setattr(pool, "start_workers", refuse)


def run(data: Path, recognizer: Path, tmp_path: Path, codecs: tuple[str, ...] = ("jpeg",), **settings: object) -> None:
    evaluate(load_dataset(data), codecs, [str(recognizer)], tmp_path / "cache.sqlite", **settings)


def test_missing_image(tmp_path: Path, make_dataset: Callable[[int], Path], checkers: Path):
    data = make_dataset(3)
    (data.with_suffix("") / "2.png").unlink()
    with pytest.raises(DatasetError, match=r"images not found in .*2\.png"):
        run(data, checkers, tmp_path)


def test_image_that_does_not_open(tmp_path: Path, make_dataset: Callable[[int], Path], checkers: Path):
    data = make_dataset(3)
    broken = data.with_suffix("") / "3.png"
    broken.write_bytes(broken.read_bytes()[:2000])
    with pytest.raises(DatasetError, match=r"3\.png: does not open"):
        run(data, checkers, tmp_path)


def test_empty_set(tmp_path: Path, checkers: Path):
    data = tmp_path / "empty.json"
    data.write_text(json.dumps({"images": [], "annotations": [], "categories": []}))
    with pytest.raises(DatasetError, match="lists no images"):
        run(data, checkers, tmp_path)


def test_recognizer_of_wrong_shape(tmp_path: Path, make_dataset: Callable[[int], Path]):
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["images"], ["out"], axes=[1, 2, 3])],
        "mean",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 1, 1, 1])],
    )
    path = tmp_path / "mean.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    with pytest.raises(RecognizerError, match=r"mean\.onnx.* is of no known family"):
        run(make_dataset(1), path, tmp_path)


def test_recognizer_without_a_common_class(tmp_path: Path, make_dataset: Callable[[int], Path], checkers: Path):
    data = make_dataset(1)
    told = json.loads(data.read_text())
    told["categories"][0]["name"] = "quasar"
    data.write_text(json.dumps(told))
    with pytest.raises(DatasetError, match="none of its categories"):
        run(data, checkers, tmp_path)


@pytest.mark.parametrize("semantic", [False, True])
def test_images_without_an_object_of_a_common_class(
    semantic: bool, tmp_path: Path, make_dataset: Callable[..., Path], checkers: Path, segmenter: Path
):
    data = make_dataset(4, masks=semantic)
    told = json.loads(data.read_text())
    told["categories"].append({"id": 2, "name": "quasar"})
    for annotation in told["annotations"]:
        if annotation["image_id"] < 4:
            annotation["category_id"] = 2
    data.write_text(json.dumps(told))
    recognizer = segmenter if semantic else checkers
    with pytest.raises(
        DatasetError, match=rf"set.*: none of the 3 images taken .* shares with {recognizer.stem} \(person\)"
    ):
        evaluate(load_dataset(data).limit(3), ["jpeg"], [str(recognizer)], tmp_path / "cache.sqlite")
    with pytest.raises(AssertionError, match="the long work began"):  # the fourth has some
        run(data, recognizer, tmp_path)


def test_labels_where_there_are_none(tmp_path: Path, checkers: Path):
    folder = tmp_path / "plain"
    folder.mkdir()
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(folder / "a.png")
    with pytest.raises(DatasetError, match="has no labels"):
        run(folder, checkers, tmp_path, reference="labels")


def test_quality_out_of_range():
    with pytest.raises(BaselineError, match="jpeg has qualities 1 to 100, not 101"):
        find_codecs(["jpeg"], {"": [50, 101]})


def test_qualities_of_a_codec_that_is_not_tested():
    with pytest.raises(FoveaError, match="qualities are given for webp"):
        find_codecs(["jpeg"], {"webp": [50]})


def test_unknown_codec():
    with pytest.raises(ModelError, match=r"unknown model 'jpg'.*Other codecs: jpeg"):
        find_codecs(["jpg"], {})


def test_codec_twice():
    with pytest.raises(FoveaError, match="two codecs are called webp:4"):
        find_codecs(["webp", "webp:4"], {})


def test_region_of_no_recognizer():
    with pytest.raises(BaselineError, match=r"jpeg\+roi: names no recognizer after"):
        find_codecs(["jpeg+roi:"], {})


@pytest.mark.parametrize("place", ["out", "cache"])
def test_a_report_does_not_replace_what_it_is_made_of(
    place: str, make_dataset: Callable[[int], Path], checkers: Path, tmp_path: Path
):
    folder = make_dataset(1).with_suffix("")
    image = (folder / "1.png").rename(folder / "curves.png")
    before = image.read_bytes()
    where = {"out": tmp_path / "out", "cache": tmp_path / "cache"} | {place: folder if place == "out" else image}
    arguments = ["--data", folder, "--codecs", "jpeg", "--recognizers", checkers]
    arguments += [part for name, path in where.items() for part in (f"--{name}", path)]
    result = CliRunner().invoke(main, ["eval", *map(str, arguments)])
    assert result.exit_code == 2
    assert result.stderr == f"fovea: the output {image} is an input, too: choose another\n"
    assert image.read_bytes() == before


def test_a_report_that_cannot_be_written(make_dataset: Callable[[int], Path], checkers: Path, tmp_path: Path):
    (tmp_path / "file").touch()
    arguments = ["--data", make_dataset(1), "--codecs", "jpeg", "--recognizers", checkers, "--out", tmp_path / "file/x"]
    result = CliRunner().invoke(main, ["eval", *map(str, arguments)])
    assert (result.exit_code, result.stderr) == (1, f"fovea: {tmp_path}/file/x: cannot be written: Not a directory\n")


def test_anchor_that_does_not_run(tmp_path: Path, make_dataset: Callable[[int], Path], checkers: Path):
    with pytest.raises(FoveaError, match="the anchor hevc is not among the codecs that run: jpeg"):
        run(make_dataset(1), checkers, tmp_path, anchor="hevc")


def test_codec_that_cannot_run_is_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch):
    def missing(self: WebP) -> str:
        raise BaselineError("webp needs a Pillow with libwebp")

    monkeypatch.setattr(WebP, "_version", missing)
    found, skipped = find_codecs(["jpeg", "webp"], {})
    assert [one.name for one in found] == ["jpeg"]
    assert skipped == {"webp": "webp needs a Pillow with libwebp"}
    with pytest.raises(BaselineError, match="no codec can run: webp needs"):
        find_codecs(["webp"], {})
