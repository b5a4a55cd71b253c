"""The whole evaluation: codecs and recognizers in, points and curves out."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from fovea.engine.base import available_cores
from fovea.errors import FoveaError
from fovea.evaluation.cache import Cache
from fovea.evaluation.contender import Contender, contenders
from fovea.evaluation.curves import Curve, Whole
from fovea.evaluation.gallery import Gallery, hang
from fovea.evaluation.grade import RESAMPLES, Grade, Scored
from fovea.evaluation.judge import Judge, judges
from fovea.evaluation.memory import peak_memory
from fovea.evaluation.plan import Plan, Reference, content
from fovea.evaluation.point import Accuracy, Point, Question
from fovea.evaluation.pool import Pool
from fovea.evaluation.truth import choose_reference, require_reference
from fovea.evaluation.work import Look, Measurement
from fovea.recognition import Dataset, resample

_LOSSLESS = 100.0
"""PSNR in dB of an image that comes back unchanged."""


@dataclass(frozen=True)
class Evaluation:
    """All that came out."""

    dataset: str
    images: int
    reference: Reference
    classes: Mapping[str, tuple[int, int]]
    """How many classes are scored, of how many that the reference has, by recognizer."""
    contenders: tuple[Contender, ...]
    skipped: Mapping[str, str]
    """Why a codec could not run, by spec."""
    anchor: str
    """The codec that the others are compared with."""
    points: tuple[Point, ...]
    """By codec, then by quality."""
    originals: Mapping[str, Accuracy]
    """Uncompressed, by recognizer."""
    wholes: Mapping[Question, Whole]
    curves: Mapping[Question, Mapping[str, Curve]]
    """By codec."""
    gallery: Gallery


def evaluate(
    dataset: Dataset,
    codecs: Sequence[str],
    recognizers: Sequence[str],
    cache: Path,
    *,
    qualities: Mapping[str, Sequence[float]] | None = None,
    reference: Reference | None = None,
    anchor: str | None = None,
    processes: int | None = None,
) -> Evaluation:
    """Measures how well recognizers work on what codecs leave of images.

    Args:
        dataset: images, with or without labels.
        codecs: Fovea models and baselines, as for :func:`fovea.evaluation.contender.contender`.
        recognizers: as for :func:`fovea.recognition.load_any`.
        cache: file in which all work is kept; what it holds is not done again.
        qualities: by codec, and under the empty name for all others; by default each codec's own.
        reference: what counts as right: the labels, or what each recognizer sees on the originals. By default the
            labels where there are any.
        anchor: the codec to compare with; by default the first.
        processes: how many images are coded at once; by default one for each core.

    Returns:
        Points, curves and pictures.

    Raises:
        FoveaError: something named cannot be used; this is found out before the long work begins.
    """
    found, skipped = contenders(codecs, qualities or {})
    leader = _anchor(found, anchor)
    panel = judges(recognizers, dataset.images[0].load())
    reference = choose_reference(dataset, panel, reference)
    if reference == "labels":
        panel = tuple(judge.asked_for(dataset.category_ids(judge.classes)) for judge in panel)
    contents = tuple(
        content(dataset, index, image.load())
        for index, image in enumerate(tqdm(dataset.images, "reading", unit="image", leave=False))
    )
    plan = Plan(dataset, contents, found, panel, reference, cache)
    with Cache(cache) as kept, Pool(plan, processes or available_cores(), kept) as pool:
        everywhere = range(len(dataset))
        if reference == "self":
            pool.run([Look(image) for image in everywhere], "looking at originals", "image")
            for judge in panel:
                require_reference(plan, judge, kept)
        versions = [(None, 0.0), *((codec, quality) for codec in found for quality in codec.qualities)]
        # Image by image, so that each is read once and the slow codecs are spread over the whole time.
        looks = [Look(image, codec, quality) for image in everywhere for codec, quality in versions]
        pool.run(looks, "coding and recognizing", "file")
        grades = [
            Grade(judge, kind, codec, quality)
            for judge in panel
            for kind in plan.kinds(judge)
            for codec, quality in versions
        ]
        pool.run(grades, "scoring", "score")
        scored = {grade: grade.result(plan, kept) for grade in grades}
        points = [
            _point(plan, kept, codec, quality, scored, peak_memory(plan, codec, kept))
            for codec in found
            for quality in codec.qualities
        ]
        wholes, curves = _curves(plan, kept, scored)
        return Evaluation(
            dataset=dataset.name,
            images=len(dataset),
            reference=reference,
            classes={judge.name: _classes(plan, judge) for judge in panel},
            contenders=found,
            skipped=skipped,
            anchor=leader,
            points=tuple(points),
            originals={judge.name: _accuracy(plan, scored, judge) for judge in panel},
            wholes=wholes,
            curves=curves,
            gallery=hang(plan, kept, pool),
        )


def _anchor(found: Sequence[Contender], anchor: str | None) -> str:
    if anchor is None:
        return found[0].name
    for codec in found:
        if anchor in (codec.spec, codec.name):
            return codec.name
    known = ", ".join(codec.spec for codec in found)
    raise FoveaError(f"the anchor {anchor} is not among the codecs that run: {known}")


def _classes(plan: Plan, judge: Judge) -> tuple[int, int]:
    if plan.reference == "self":
        return len(judge.classes), len(judge.classes)
    return len({*plan.dataset.category_ids(judge.classes)} - {None}), len(plan.dataset.categories)


def _measured(plan: Plan, cache: Cache, codec: Contender, quality: float) -> list[Measurement]:
    keys = (plan.image_key(image, codec, quality) for image in range(len(plan.dataset)))
    return [Measurement(**json.loads(cache.get(key) or b"")) for key in keys]


def _pixels(plan: Plan) -> NDArray[np.int64]:
    return np.array([image.width * image.height for image in plan.dataset.images], dtype=np.int64)


def _psnr(errors: Sequence[float]) -> float:
    if not errors:
        return math.nan
    with np.errstate(divide="ignore"):
        return float(np.minimum(10 * np.log10(255**2 / np.array(errors)), _LOSSLESS).mean())


def _point(
    plan: Plan, cache: Cache, codec: Contender, quality: float, scored: Mapping[Grade, Scored], memory: int
) -> Point:
    files, pixels = _measured(plan, cache, codec, quality), int(_pixels(plan).sum())
    return Point(
        codec=codec.name,
        quality=quality,
        bpp=8 * sum(file.size for file in files) / pixels,
        psnr=_psnr([file.mse for file in files]),
        object_psnr=_psnr([file.object_mse for file in files if file.object_mse is not None]),
        encode_speed=pixels / 1e6 / sum(file.encode_seconds for file in files),
        decode_speed=pixels / 1e6 / sum(file.decode_seconds for file in files),
        memory=memory,
        accuracy={judge.name: _accuracy(plan, scored, judge, codec, quality) for judge in plan.judges},
    )


def _accuracy(
    plan: Plan, scored: Mapping[Grade, Scored], judge: Judge, codec: Contender | None = None, quality: float = 0
) -> Accuracy:
    scores: dict[str, Any] = {kind: scored[Grade(judge, kind, codec, quality)].score for kind in plan.kinds(judge)}
    return Accuracy(**scores)


def _curves(
    plan: Plan, cache: Cache, scored: Mapping[Grade, Scored]
) -> tuple[dict[Question, Whole], dict[Question, dict[str, Curve]]]:
    draws, pixels = resample(len(plan.dataset), RESAMPLES), _pixels(plan)
    questions = {Question(judge.name, kind): judge for judge in plan.judges for kind in plan.kinds(judge)}
    wholes: dict[Question, Whole] = {}
    curves: dict[Question, dict[str, Curve]] = {question: {} for question in questions}
    for question, judge in questions.items():
        original = scored[Grade(judge, question.kind)]
        wholes[question] = Whole(original.score.value, np.array(original.samples))
    for codec in plan.contenders:
        bits = np.array(
            [[8 * file.size for file in _measured(plan, cache, codec, q)] for q in codec.qualities], np.int64
        )
        rate_samples = draws @ bits.T / (draws @ pixels)[:, None]
        for question, judge in questions.items():
            results = [scored[Grade(judge, question.kind, codec, quality)] for quality in codec.qualities]
            curves[question][codec.name] = Curve(
                rates=bits.sum(axis=1) / pixels.sum(),
                scores=np.array([result.score.value for result in results]),
                rate_samples=rate_samples,
                score_samples=np.array([result.samples for result in results]).T,
            )
    return wholes, curves
