"""Images without labels: recognizers are scored against their own output on the originals."""

import math
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from fovea.datasets import load_dataset
from fovea.errors import DatasetError
from fovea.evaluation import Metric, evaluate

from ..evaluating import evaluating_here

BOXES = Metric("checkers", "box")


def test_plain_folder(tmp_path: Path, make_dataset: Callable[[int], Path], checkers: Path):
    folder = make_dataset(3).with_suffix("")
    data, cache = load_dataset(folder), tmp_path / "cache.sqlite"
    with evaluating_here():
        found = evaluate(data, ["jpeg2000"], [str(checkers)], cache, qualities={"": [15, 50]})
    assert found.reference == "self"
    assert found.original_scores[BOXES].ap == 1
    coarse, fine = (point.scores[BOXES].ap for point in found.points)
    assert coarse < fine <= 1
    assert all(math.isnan(point.object_psnr) for point in found.points)


def test_no_detection_is_reported_before_anything_is_coded(tmp_path: Path, checkers: Path):
    folder = tmp_path / "flat"
    folder.mkdir()
    Image.new("RGB", (64, 64), "gray").save(folder / "flat.png")
    data, cache = load_dataset(folder), tmp_path / "cache.sqlite"
    with evaluating_here(), pytest.raises(DatasetError, match="detects nothing"):
        evaluate(data, ["jpeg2000"], [str(checkers)], cache)
    with sqlite3.connect(cache) as kept:
        assert kept.execute("SELECT COUNT(*) FROM found").fetchone() == (1,), "the output on the original alone"
