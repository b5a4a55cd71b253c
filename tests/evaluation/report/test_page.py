"""Tables, plots and page of an evaluation whose figures are known."""

import csv
import math
import re
import resource
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from fovea.errors import FoveaError
from fovea.evaluation import Curve, Evaluation, Metric, OriginalAccuracy, summary_text, write_report
from fovea.evaluation.gallery.gallery import Frame, Gallery
from fovea.evaluation.gallery.views import View

BOXES = Metric("detector", "box")


def rates_of(page: str) -> dict[str, str]:
    """The last cell of each codec, that of the BD-rate, in the first table, without tags."""
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    cells = re.findall(r"</i>(\w+)\s*</th>.*?<td>((?:(?!<td>).)*)</td>\s*</tr>", table, re.DOTALL)
    return {codec: re.sub(r"<[^>]+>", "", cell) for codec, cell in cells}


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


def pairs(folder: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    with (folder / "pairs.csv").open() as file:
        return {(row["recognizer"], row["codec"], row["against"]): row for row in csv.DictReader(file)}


def test_what_leads_comes_first_in_every_table(evaluation: Evaluation, tmp_path: Path):
    page = write_report(evaluation, tmp_path).read_text()
    leading = ["98", "95", "90", "80"]
    for name, figure in (("summary", "bpp"), ("pairs", "bits_ratio")):
        with (tmp_path / f"{name}.csv").open() as file:
            columns = [column for column in next(csv.reader(file)) if not re.search("_(low|high|note)$", column)]
        wanted = [*(f"{figure}_keeping_{share}" for share in leading), "bd_rate_above_80_percent", "bd_rate_percent"]
        start = columns.index(wanted[0])
        assert columns[start : start + len(wanted)] == wanted
    assert "keep</b> 98, 95, 90 or 80&nbsp;% of the accuracy" in re.sub(r"\s+", " ", page)
    header = page[page.index("bits per pixel that keep") :]
    assert re.findall(r"<th>(.*?)</th>", header)[:6] == [*(f"{share} %" for share in leading), "≥ 80 % kept", "all"]


def test_every_pair_is_compared_directly(evaluation: Evaluation, tmp_path: Path):
    page = write_report(evaluation, tmp_path).read_text()
    found = pairs(tmp_path)
    assert list(found) == [("detector", *pair) for pair in permutations(("plain", "half", "high"), 2)]
    half, double = found["detector", "half", "plain"], found["detector", "plain", "half"]
    assert [float(double[f"bd_rate_percent{part}"]) for part in ("", "_low", "_high")] == pytest.approx([100] * 3)
    assert half["bits_ratio_keeping_90_note"] == "half: not reached; plain: not reached"
    assert half["bd_rate_above_80_percent_note"] == "not both above 80 %"
    # In summary.csv, high is compared with the anchor alone; here it is with half, over the range of these two.
    assert found["detector", "high", "half"]["bd_rate_percent_note"] == "accuracy 30–40 only"
    assert re.findall(r"<summary>(.*?)</summary>", page) == [
        "detector, boxes",
        "against plain",
        "against half",
        "against high",
    ]


def test_the_mean_is_over_recognizers_of_the_same_kind(evaluation: Evaluation, tmp_path: Path):
    masks, other = Metric("detector", "mask"), Metric("other", "box")
    curves = evaluation.curves[BOXES]
    swapped = {"plain": curves["half"], "half": curves["plain"], "high": curves["high"]}
    original, views = evaluation.original_accuracy[BOXES], {name: View("1 found") for name in ("detector", "other")}
    changed = replace(
        evaluation,
        curves={BOXES: curves, masks: curves, other: swapped},
        original_accuracy=dict.fromkeys((BOXES, masks, other), original),
        original_scores=dict.fromkeys((BOXES, masks, other), evaluation.original_scores[BOXES]),
        points=(),
        classes={"detector": (3, 5), "other": (3, 5)},
        gallery=Gallery("a.png", (Frame("original", "", np.zeros((8, 8, 3), np.uint8), views),)),
    )
    page = write_report(changed, tmp_path).read_text()
    with (tmp_path / "pairs.csv").open() as file:
        means = [row for row in csv.DictReader(file) if row["recognizer"] == "mean"]
    assert [(row["kind"], row["codec"], row["against"]) for row in means[:2]] == [
        ("box", "plain", "half"),
        ("box", "plain", "high"),
    ]
    assert {row["kind"] for row in means} == {"box"}
    assert float(means[0]["bd_rate_percent"]) == pytest.approx(0, abs=1e-9)
    assert "mean over recognizers, boxes" in page


def test_the_anchor_leads(evaluation: Evaluation, tmp_path: Path):
    page = write_report(replace(evaluation, anchor="half"), tmp_path).read_text()
    assert re.search(r"<details open>\s*<summary>against (\w+)", page)[1] == "half"
    assert page.count("<details open>") == 2


def test_width_of_the_interval_and_images_for_a_point_are_told(evaluation: Evaluation, tmp_path: Path):
    samples = 0.5 + 0.02 * np.tile([-1.0, 1.0], 25)  # a standard error of 2 points: an interval of 3.92 to either side
    changed = replace(evaluation, original_accuracy={BOXES: OriginalAccuracy(0.5, samples)})
    page = re.sub(r"\s+", " ", write_report(changed, tmp_path).read_text())
    assert "With 60 images its 95&nbsp;% interval is 7.8 points wide (±3.9)." in page
    assert "An interval of ±1 point takes about 922 images." in page  # 60 · 3.92²
    row = summary(tmp_path)["plain"]
    assert [row["original_percent"], row["original_half_width"], row["images_for_1_point"]] == ["50", "3.92", "922"]
    assert "detector, boxes: AP 50.0 on the originals, ±3.9 with 60 images (±1 takes about 9.2e+02)" in summary_text(
        changed
    )


def test_best_size_stands_beside_the_single_ones(evaluation: Evaluation, tmp_path: Path):
    curves = dict(evaluation.curves[BOXES])
    sizes = ("half", "high")
    curves["either@best"] = Curve.pooled([curves[name] for name in sizes])
    changed = replace(evaluation, curves={BOXES: curves}, best_sizes={"either@best": sizes})
    page = write_report(changed, tmp_path).read_text()
    assert "either@best draws on half, high." in page
    assert "either@best draws on half, high" in summary_text(changed)
    rows = summary(tmp_path)
    assert rows["either@best"]["sizes"] == "half high"
    assert float(rows["either@best"]["bpp_keeping_80"]) == pytest.approx(0.2, rel=0.1)
    found = pairs(tmp_path)
    assert float(found["detector", "either@best", "half"]["bits_ratio_keeping_80"]) <= 1
    assert len(found) == 4 * 3


def test_summary_for_a_terminal(evaluation: Evaluation):
    lines = summary_text(evaluation).splitlines()
    assert lines[0] == "detector, boxes: AP 50.0 on the originals"
    columns = re.split(r"\s{2,}", lines[1])
    assert columns == ["bits per pixel to keep", "98 %", "95 %", "90 %", "80 % BD-rate ≥ 80 %", "BD-rate"]
    assert lines[2].split() == ["plain", *["not", "reached"] * 3, "0.800", "anchor", "anchor"]
    assert lines[3].split() == ["half", *["not", "reached"] * 3, "0.400", "–", "-50", "%"]
    assert lines[4].split() == ["-50…-50"]
    assert max(map(len, lines)) <= 120


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
