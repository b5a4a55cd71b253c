"""Tables, plots and page of an evaluation whose figures are known."""

import csv
import math
import re
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fovea.errors import FoveaError
from fovea.evaluation import Curve, Evaluation, Metric, OriginalAccuracy, write_report

BOXES = Metric("eye", "box")


def rates_of(page: str) -> dict[str, str]:
    """The cell of the BD-rate of each codec, without tags."""
    cells = re.findall(r"</i>(\w+)</th>\s*<td>(.*?)</td>", page)
    return {codec: re.sub(r"<[^>]+>", "", cell) for codec, cell in cells[:3]}


def summary(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "summary.csv").open() as file:
        return {row["codec"]: row for row in csv.DictReader(file)}


def test_every_bd_rate_stands_beside_its_interval_and_range(evaluation: Evaluation, tmp_path: Path):
    told = rates_of(write_report(evaluation, tmp_path).read_text())
    assert told["plain"] == "anchor"
    assert told["half"] == "−50 % −50…−50"
    assert re.fullmatch(r"−\d+ % −\d+…−\d+ accuracy 30–40 only", told["high"])
    assert summary(tmp_path)["high"]["bd_rate_percent_note"] == "accuracy 30–40 only"


def test_any_codec_can_be_the_anchor(evaluation: Evaluation, tmp_path: Path):
    write_report(replace(evaluation, anchor="half"), tmp_path)
    rows = summary(tmp_path)
    assert rows["half"]["bd_rate_percent_note"] == "the anchor"
    ends = [float(rows["plain"][f"bd_rate_percent{part}"]) for part in ("", "_low", "_high")]
    assert ends == pytest.approx([100] * 3)  # the noise is shared
    assert all(float(rows["high"][f"bd_rate_percent{part}"]) for part in ("_low", "_high"))


def test_classes_that_are_scored_are_counted(evaluation: Evaluation, tmp_path: Path):
    page = write_report(evaluation, tmp_path).read_text()
    assert "3 of 5 classes of the data set are scored" in page
    assert {(row["classes_scored"], row["classes"]) for row in summary(tmp_path).values()} == {("3", "5")}
    assert "of the data set are scored" not in write_report(replace(evaluation, reference="self"), tmp_path).read_text()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("missing", [1, 4])
def test_what_cannot_be_scored_is_left_out(missing: int, evaluation: Evaluation, tmp_path: Path):
    def without(known: Curve) -> Curve:
        samples, scores = known.score_samples.copy(), known.scores.copy()
        scores[:missing] = samples[:, :missing] = math.nan
        return replace(known, scores=scores, score_samples=samples)

    curves = {name: without(known) for name, known in evaluation.curves[BOXES].items()}
    nothing = OriginalAccuracy(math.nan, np.full(50, math.nan))
    original = nothing if missing == 4 else evaluation.original_accuracy[BOXES]
    changed = replace(evaluation, curves={BOXES: curves}, original_accuracy={BOXES: original})
    page = write_report(changed, tmp_path).read_text()
    told = rates_of(page)["half"]
    assert told == ("nothing to score" if missing == 4 else "−50 % −50…−50")
    assert "nan" not in (tmp_path / "summary.csv").read_text()
    assert "nan" not in page.lower()


def test_full_disk_while_the_report_is_written(evaluation: Evaluation, tmp_path: Path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        with pytest.raises(FoveaError, match=r"report.*: cannot be written: File too large"):
            write_report(evaluation, tmp_path / "report")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list((tmp_path / "report").glob(".*")), "nothing half-written stays"
    assert not (tmp_path / "report" / "report.html").exists()
