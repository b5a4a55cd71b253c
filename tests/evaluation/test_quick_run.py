"""From images to report: the quick run, what it wrote, and what a second run does."""

import csv
import math
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import fovea
from fovea.cli.eval import eval_command
from fovea.evaluation.running import memory, pool


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_originals_are_recognized_in_full(quick_run: Path):
    assert float(read(quick_run / "points.csv")[0]["checkers_box_ap"]) == 100


def test_every_codec_has_a_point_for_each_quality(quick_run: Path):
    points = [(row["codec"], row["quality"]) for row in read(quick_run / "points.csv")[1:]]
    assert points == [("jpeg", q) for q in ("5", "15", "40", "80")] + [("webp:4", q) for q in ("10", "40", "90")]


def test_more_bits_give_more_of_everything(quick_run: Path):
    rows = [row for row in read(quick_run / "points.csv") if row["codec"] == "jpeg"]
    for column in ("bpp", "psnr_db", "object_psnr_db", "checkers_box_ap"):
        values = [float(row[column]) for row in rows]
        assert values == sorted(values)
        assert values[0] < values[-1], column


def test_rate_is_that_of_real_files(quick_run: Path):
    folder = quick_run.parent / "data" / "set"
    from fovea.baselines import get_baseline

    codec, bits, squares = get_baseline("jpeg"), 0, []
    for path in folder.glob("*.png"):
        image = np.asarray(Image.open(path))
        data = codec.encode(image, 40)
        bits += 8 * len(data)
        squares.append(np.square(codec.decode(data).astype(float) - image).mean())
    (row,) = (r for r in read(quick_run / "points.csv") if (r["codec"], r["quality"]) == ("jpeg", "40"))
    assert float(row["bpp"]) == pytest.approx(bits / (8 * 64 * 64), rel=1e-4)
    assert float(row["psnr_db"]) == pytest.approx(np.mean(10 * np.log10(255**2 / np.array(squares))), rel=1e-4)


def test_speed_and_memory_are_told(quick_run: Path):
    for row in read(quick_run / "points.csv")[1:]:
        assert float(row["encode_mp_per_s"]) > 0
        assert float(row["decode_mp_per_s"]) > 0
        assert 0 <= float(row["peak_memory_mib"]) < 500
        assert row["version"].startswith("lib")


def test_summary_has_intervals_and_names_the_anchor(quick_run: Path):
    jpeg, webp = read(quick_run / "summary.csv")
    assert jpeg["bd_rate_percent_note"] == "the anchor"
    assert (webp["codec"], webp["anchor"]) == ("webp:4", "jpeg")
    assert webp["bd_rate_percent"] or webp["bd_rate_percent_note"]
    low, middle, high = (float(jpeg[f"bpp_keeping_90{part}"] or math.nan) for part in ("_low", "", "_high"))
    assert math.isnan(low) or low <= middle <= high


@pytest.mark.parametrize("name", ["points.csv", "summary.csv"])
def test_tables_tell_what_they_are_of(quick_run: Path, name: str):
    for row in read(quick_run / name):
        told = [row[column] for column in ("dataset", "images", "reference", "fovea")]
        assert told == ["set", "8", "labels", fovea.__version__]


def test_page_needs_nothing_beside_it(quick_run: Path):
    page = (quick_run / "report.html").read_text()
    outside = [link for link in re.findall(r"https?://[^\s\"'<)]+", page) if "www.w3.org" not in link]
    assert outside == []
    assert not re.search(r"<script|<link|@import", page)
    assert page.count("data:image/webp;base64,") == 3  # the original and two codecs
    assert "{{" not in page


def test_pictures_open(quick_run: Path):
    assert min(Image.open(quick_run / "curves.png").size) > 500
    assert (quick_run / "curves.svg").read_text().startswith("<?xml")


def test_second_run_does_no_work(quick_run: Path, quick_arguments: list[str], monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("work is done again")

    before = {path.name: path.read_bytes() for path in quick_run.iterdir()}
    monkeypatch.setattr(pool, "start_workers", refuse)
    monkeypatch.setattr(memory, "_watch", refuse)
    result = CliRunner().invoke(eval_command, quick_arguments, catch_exceptions=False)
    assert result.exit_code == 0
    after = {path.name: path.read_bytes() for path in quick_run.iterdir()}
    assert before == after
