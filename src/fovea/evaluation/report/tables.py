"""The figures of an evaluation as CSV tables."""

import csv
import io
import math
from collections.abc import Iterable, Mapping

import fovea
from fovea.evaluation.comparison import SHARES, USEFUL_SHARE
from fovea.evaluation.evaluate import Evaluation
from fovea.evaluation.figures import Estimate
from fovea.evaluation.metrics import AnyScore, Metric
from fovea.evaluation.report.summary import FURTHER_SHARES, RATES, Group, Row

_SETTING = ("dataset", "images", "reference", "fovea")
"""Columns that tell evaluations apart where their tables are put together."""
_PARTS = ("", "_low", "_high", "_note")
"""Endings of the columns of a figure with its interval."""
_BD_RATES = (f"bd_rate_above_{100 * USEFUL_SHARE:.0f}_percent", "bd_rate_percent")


def summary_csv(evaluation: Evaluation, rows: Iterable[Row]) -> str:
    """Return a table with one line for each codec and metric."""
    figures = [_keeping("bpp", share) for share in SHARES]
    figures += [*_BD_RATES, *(_keeping("bpp", share) for share in FURTHER_SHARES)]
    figures += [f"percent_kept_at_{rate:g}_bpp" for rate in RATES]
    header = [*_SETTING, "recognizer", "kind", "classes_scored", "classes"]
    header += ["original_percent", "original_half_width", "images_for_1_point", "codec", "sizes", "anchor"]
    header += [f"{figure}{part}" for figure in figures for part in _PARTS]
    lines: list[list[object]] = []
    for row in rows:
        further = (row.keeping[share] for share in FURTHER_SHARES)
        estimates = (
            *(row.keeping[share] for share in SHARES), row.useful, row.whole, *further, *row.kept.values(),
        )  # fmt: skip
        original = evaluation.original_accuracy[row.metric]
        lines.append(
            [
                *_setting(evaluation),
                *(row.metric.recognizer, row.metric.kind, *evaluation.classes[row.metric.recognizer]),
                *(_number(100 * value, 5) for value in (original.value, original.half_width)),
                _number(original.images_for_a_point(evaluation.images), 3),
                *(row.codec, " ".join(evaluation.best_sizes.get(row.codec, ())), evaluation.anchor),
                *(cell for estimate in estimates for cell in _cells(estimate)),
            ]
        )
    return _csv([header, *lines])


def pairs_csv(evaluation: Evaluation, groups: Iterable[Group]) -> str:
    """Return a table with one line for each ordered pair of codecs and metric."""
    figures = [*(_keeping("bits_ratio", share) for share in SHARES), *_BD_RATES]
    header = [*_SETTING, "recognizer", "kind", "codec", "against"]
    header += [f"{figure}{part}" for figure in figures for part in _PARTS]
    lines: list[list[object]] = []
    for group in groups:
        for pair in group.pairs:
            estimates = [*(pair.keeping[share].figure for share in SHARES), pair.useful.percent, pair.whole.percent]
            cells = [cell for estimate in estimates for cell in _cells(estimate)]
            lines.append([*_setting(evaluation), group.recognizer, group.kind, pair.codec, pair.against, *cells])
    return _csv([header, *lines])


def points_csv(evaluation: Evaluation) -> str:
    """Return a table with one line for each codec and quality, after one for the originals. Accuracy is in percent."""
    metrics = list(evaluation.original_scores)
    header: list[object] = [*_SETTING, "codec", "version", "quality", "bpp", "psnr_db", "object_psnr_db"]
    header += ["encode_mp_per_s", "decode_mp_per_s", "peak_memory_mib"]
    header += [
        f"{metric.recognizer}_{metric.kind}_{name}"
        for metric in metrics
        for name in vars(evaluation.original_scores[metric])
    ]
    versions = {codec.name: codec.version for codec in evaluation.codecs}

    def cells(scores: Mapping[Metric, AnyScore]) -> list[object]:
        return [_number(100 * value, 3) for metric in metrics for value in vars(scores[metric]).values()]

    setting = _setting(evaluation)
    lines: list[list[object]] = [[*setting, "original", *[""] * 8, *cells(evaluation.original_scores)]]
    lines += [
        [
            *setting,
            point.codec,
            versions[point.codec],
            f"{point.quality:g}",
            *(_number(value, 5) for value in (point.bpp, point.psnr, point.object_psnr)),
            *(_number(value, 4) for value in (point.encode_speed, point.decode_speed, point.memory / 2**20)),
            *cells(point.scores),
        ]
        for point in evaluation.points
    ]
    return _csv([header, *lines])


def _keeping(figure: str, share: float) -> str:
    return f"{figure}_keeping_{100 * share:.0f}"


def _setting(evaluation: Evaluation) -> list[object]:
    return [evaluation.dataset, evaluation.images, evaluation.reference, fovea.__version__]


def _cells(estimate: Estimate | None) -> list[object]:
    if estimate is None:
        return ["", "", "", "the anchor"]
    return [*(_number(value, 5) for value in (estimate.value, estimate.low, estimate.high)), estimate.note]


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}g}"


def _csv(lines: Iterable[Iterable[object]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(lines)
    return file.getvalue()
