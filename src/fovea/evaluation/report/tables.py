"""The figures of an evaluation as CSV tables."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import fovea
from fovea.evaluation.evaluate import Evaluation
from fovea.evaluation.metrics import AnyScore, Metric
from fovea.evaluation.rate_accuracy import Estimate, bd_rate, rate_keeping, share_kept

SHARES = (0.99, 0.95, 0.90)
"""Parts of the accuracy on the originals whose bitrates are given."""
RATES = (0.15, 0.23)
"""Bitrates in bits per pixel at which the kept part of the accuracy is given: those of published comparisons."""
_SETTING = ("dataset", "images", "reference", "fovea")
"""Columns that tell evaluations apart where their tables are put together."""


@dataclass(frozen=True)
class Row:
    """Figures of one codec for one metric.

    Attributes:
        metric: the metric.
        codec: name of the codec.
        bd_rate: percent of bits against the anchor; None for the anchor itself.
        keeping: bits per pixel that keep each of ``SHARES``.
        kept: percent of the accuracy on the originals that is kept at each of ``RATES``.
    """

    metric: Metric
    codec: str
    bd_rate: Estimate | None
    keeping: Mapping[float, Estimate]
    kept: Mapping[float, Estimate]


def summarize(evaluation: Evaluation) -> list[Row]:
    """Compare all curves with those of the anchor and with the accuracy on the originals."""
    return [
        Row(
            metric,
            codec,
            None if codec == evaluation.anchor else bd_rate(curves[evaluation.anchor], curve),
            {share: rate_keeping(curve, evaluation.original_accuracy[metric], share) for share in SHARES},
            {rate: share_kept(curve, evaluation.original_accuracy[metric], rate) for rate in RATES},
        )
        for metric, curves in evaluation.curves.items()
        for codec, curve in curves.items()
    ]


def summary_csv(evaluation: Evaluation, rows: Iterable[Row]) -> str:
    """Return a table with one line for each codec and metric."""
    figures = ["bd_rate_percent", *(f"bpp_keeping_{share:.0%}".removesuffix("%") for share in SHARES)]
    figures += [f"percent_kept_at_{rate:g}_bpp" for rate in RATES]
    header = [*_SETTING, "recognizer", "kind", "classes_scored", "classes", "codec", "anchor"]
    header += [f"{figure}{part}" for figure in figures for part in ("", "_low", "_high", "_note")]
    lines: list[list[object]] = []
    for row in rows:
        estimates = (row.bd_rate, *row.keeping.values(), *row.kept.values())
        metric = [row.metric.recognizer, row.metric.kind, *evaluation.classes[row.metric.recognizer]]
        cells = [cell for estimate in estimates for cell in _cells(estimate)]
        lines.append([*_setting(evaluation), *metric, row.codec, evaluation.anchor, *cells])
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
