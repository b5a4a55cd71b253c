"""Figures as tables."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import fovea
from fovea.evaluation.curves import Estimate, bd_rate, rate_keeping, share_kept
from fovea.evaluation.evaluate import Evaluation
from fovea.evaluation.point import Accuracy, Question

SHARES = (0.99, 0.95, 0.90)
"""Parts of the uncompressed accuracy that are asked for."""
RATES = (0.15, 0.23)
"""Bits per pixel at which is told how much of the accuracy is kept: where the literature does."""
_SETTING = ("dataset", "images", "reference", "fovea")
"""Columns that tell one evaluation from another where their tables are put together."""


@dataclass(frozen=True)
class Row:
    """One codec for one recognizer."""

    question: Question
    codec: str
    bd_rate: Estimate | None
    """In percent against the anchor; None for the anchor itself."""
    keeping: Mapping[float, Estimate]
    """Bits per pixel that keep each of ``SHARES``."""
    kept: Mapping[float, Estimate]
    """Percent of the uncompressed accuracy that is kept at each of ``RATES``."""


def summarize(evaluation: Evaluation) -> list[Row]:
    """Compares all curves with those of the anchor and with the originals."""
    return [
        Row(
            question,
            codec,
            None if codec == evaluation.anchor else bd_rate(curves[evaluation.anchor], curve),
            {share: rate_keeping(curve, evaluation.wholes[question], share) for share in SHARES},
            {rate: share_kept(curve, evaluation.wholes[question], rate) for rate in RATES},
        )
        for question, curves in evaluation.curves.items()
        for codec, curve in curves.items()
    ]


def summary_csv(evaluation: Evaluation, rows: Iterable[Row]) -> str:
    """One line for each codec and recognizer."""
    heads = ["bd_rate_percent", *(f"bpp_keeping_{share:.0%}".removesuffix("%") for share in SHARES)]
    heads += [f"percent_kept_at_{rate:g}_bpp" for rate in RATES]
    header = [*_SETTING, "recognizer", "kind", "classes_scored", "classes", "codec", "anchor"]
    header += [f"{head}{part}" for head in heads for part in ("", "_low", "_high", "_note")]
    lines: list[list[object]] = [
        [
            *_setting(evaluation),
            row.question.recognizer,
            row.question.kind,
            *evaluation.classes[row.question.recognizer],
            row.codec,
            evaluation.anchor,
            *(
                cell
                for estimate in (row.bd_rate, *row.keeping.values(), *row.kept.values())
                for cell in _cells(estimate)
            ),
        ]
        for row in rows
    ]
    return _csv([header, *lines])


def points_csv(evaluation: Evaluation) -> str:
    """One line for each codec and quality, the originals first. Accuracy is in points of 100."""
    header: list[object] = [*_SETTING, "codec", "version", "quality", "bpp", "psnr_db", "object_psnr_db"]
    header += ["encode_mp_per_s", "decode_mp_per_s", "peak_memory_mib"]
    header += [
        f"{question.recognizer}_{question.kind}_{name}"
        for question in evaluation.wholes
        for name in vars(evaluation.originals[question.recognizer].of(question.kind))
    ]
    versions = {contender.name: contender.version for contender in evaluation.contenders}

    def scores(accuracy: Mapping[str, Accuracy]) -> list[object]:
        found = (accuracy[question.recognizer].of(question.kind) for question in evaluation.wholes)
        return [_number(100 * value, 3) for score in found for value in vars(score).values()]

    setting = _setting(evaluation)
    lines: list[list[object]] = [[*setting, "original", *[""] * 8, *scores(evaluation.originals)]]
    lines += [
        [
            *setting,
            point.codec,
            versions[point.codec],
            f"{point.quality:g}",
            *(_number(value, 5) for value in (point.bpp, point.psnr, point.object_psnr)),
            *(_number(value, 4) for value in (point.encode_speed, point.decode_speed, point.memory / 2**20)),
            *scores(point.accuracy),
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
