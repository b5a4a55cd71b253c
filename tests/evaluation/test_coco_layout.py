"""From val2017 of COCO, as it is downloaded, to a report that compares sizes."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from pycocotools import mask as rle

from fovea.cli.eval import eval_command

from ..checkerboards import SIDE, save_dataset
from ..evaluating import evaluating_here

ANNOTATIONS = "annotations/instances_val2017.json"


@pytest.fixture(scope="module")
def coco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A miniature of COCO: `annotations/instances_val2017.json` beside `val2017/000000000001.jpg` and so on."""
    folder = tmp_path_factory.mktemp("coco")
    plain = save_dataset(folder / "plain", 4, masks=True)
    told = json.loads(plain.read_text())
    (folder / "annotations").mkdir()
    (folder / "val2017").mkdir()
    for image in told["images"]:
        name = f"{image['id']:012}.jpg"
        Image.open(plain.with_suffix("") / image["file_name"]).save(folder / "val2017" / name, quality=100)
        url = f"http://images.cocodataset.org/val2017/{name}"
        image |= {"file_name": name, "license": 4, "coco_url": url, "flickr_url": url, "date_captured": "2013-11-14"}
    for annotation in told["annotations"]:
        annotation |= {"iscrowd": 0, "area": 256.0}
    corner = np.zeros((SIDE, SIDE), np.uint8)
    corner[:4, :4] = 1
    runs = {"size": [SIDE, SIDE], "counts": [0, *[4, SIDE - 4] * 3, 4, SIDE * SIDE - 3 * SIDE - 4]}
    assert (rle.decode(rle.frPyObjects(runs, SIDE, SIDE)) == corner).all()
    crowd = {"id": 900100000001, "image_id": 1, "category_id": 1, "bbox": [0, 0, 4, 4], "area": 16, "iscrowd": 1}
    told["annotations"].append(crowd | {"segmentation": runs})
    told["categories"] = [
        {"supercategory": "person", "id": 1, "name": "person"},
        {"supercategory": "indoor", "id": 90, "name": "toothbrush"},
    ]
    told |= {"info": {"year": 2017}, "licenses": [{"id": 4, "name": "Attribution License"}]}
    (folder / ANNOTATIONS).write_text(json.dumps(told))
    return folder


def run(recognizer: Path, out: Path, *options: str) -> Result:
    codecs = ["--codecs", "webp,webp@1/2,webp@48", "--anchor", "webp@best", "--qualities", "webp=5,90"]
    named = ["--recognizers", str(recognizer), "--cache", str(out.parent / "cache.sqlite"), "--out", str(out)]
    with evaluating_here():
        return CliRunner().invoke(eval_command, [*options, *codecs, *named], catch_exceptions=False)


def read(path: Path) -> Sequence[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_layout_as_downloaded_with_sizes(coco: Path, checkers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(coco)
    named, found = tmp_path / "named", tmp_path / "found"
    for result in (
        run(checkers, named, "--data", ANNOTATIONS, "--images", "val2017"),
        run(checkers, found, "--data", ANNOTATIONS),  # the folder is found beside that of the annotations
    ):
        assert result.exit_code == 0, result.output
    for table in ("points.csv", "summary.csv", "pairs.csv"):
        assert (named / table).read_bytes() == (found / table).read_bytes()
    assert "webp:4@best draws on webp:4, webp:4@1/2, webp:4@48" in result.stderr

    original, *points = read(named / "points.csv")
    assert (original["dataset"], original["images"]) == ("instances_val2017", "4")
    assert float(original["checkers_box_ap"]) > 90
    sizes = ["webp:4", "webp:4@1/2", "webp:4@48"]
    assert [(row["codec"], row["quality"]) for row in points] == [(name, q) for name in sizes for q in ("5", "90")]
    rates = {(row["codec"], row["quality"]): float(row["bpp"]) for row in points}
    psnrs = {(row["codec"], row["quality"]): float(row["psnr_db"]) for row in points}
    # Bits are counted over the pixels of the originals, and errors against the originals.
    assert rates["webp:4@1/2", "90"] < rates["webp:4@48", "90"] < rates["webp:4", "90"]
    assert psnrs["webp:4@1/2", "90"] < psnrs["webp:4@48", "90"] < psnrs["webp:4", "90"]

    summary = {row["codec"]: row for row in read(named / "summary.csv")}
    assert list(summary) == [*sizes, "webp:4@best"]
    assert summary["webp:4@best"]["sizes"] == " ".join(sizes)
    assert summary["webp:4@best"]["bd_rate_percent_note"] == "the anchor"
    assert {row["anchor"] for row in summary.values()} == {"webp:4@best"}
    assert {row["against"] for row in read(named / "pairs.csv")} == {*sizes, "webp:4@best"}
