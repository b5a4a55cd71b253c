"""The evaluation: from codecs and recognizers to points, curves and a gallery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from fovea.datasets import Dataset
from fovea.engine import available_cores
from fovea.evaluation.codecs import CodecUnderTest, best_sizes, find_anchor, find_codecs
from fovea.evaluation.curves import Curve
from fovea.evaluation.gallery.gallery import Gallery, make_gallery
from fovea.evaluation.metrics import AnyScore, Metric, mean_psnr
from fovea.evaluation.rate_accuracy import OriginalAccuracy, Point
from fovea.evaluation.recognizers import RecognizerInfo, find_recognizers, unload_recognizers
from fovea.evaluation.references import choose_reference, reference_objects
from fovea.evaluation.running.cache import Cache
from fovea.evaluation.running.jobs import RecognitionJob
from fovea.evaluation.running.memory import peak_memory
from fovea.evaluation.running.plan import ORIGINAL, Coding, Plan, Reference, content
from fovea.evaluation.running.pool import Pool
from fovea.evaluation.running.results import Results
from fovea.evaluation.scoring import RESAMPLES, ScoreWithSamples, ScoringJob
from fovea.evaluation.specification import close_codecs
from fovea.recognition import resample

_Scores = Mapping[tuple[Metric, Coding], ScoreWithSamples]


@dataclass(frozen=True)
class Evaluation:
    """All results of an evaluation.

    Attributes:
        dataset: name of the data set.
        images: number of images.
        reference: what the recognizers are scored against.
        classes: number of classes that are scored and number of classes of the reference, by name of the recognizer.
        codecs: the codecs that were tested.
        skipped: why a codec could not run, by its specification.
        anchor: name of the codec that the others are compared with.
        points: points of all codecs, by codec, then by quality.
        original_scores: scores on the originals.
        original_accuracy: accuracy on the originals, with its resamples.
        curves: curves of each metric, by name of the codec; also those of the best sizes.
        best_sizes: names of the codecs whose points the curve of a best size draws on, by the name of this curve.
        gallery: one image as each codec decodes it.
    """

    dataset: str
    images: int
    reference: Reference
    classes: Mapping[str, tuple[int, int]]
    codecs: tuple[CodecUnderTest, ...]
    skipped: Mapping[str, str]
    anchor: str
    points: tuple[Point, ...]
    original_scores: Mapping[Metric, AnyScore]
    original_accuracy: Mapping[Metric, OriginalAccuracy]
    curves: Mapping[Metric, Mapping[str, Curve]]
    best_sizes: Mapping[str, tuple[str, ...]]
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
    """Measure how well recognizers work on decoded images.

    Args:
        dataset: images, with labels or without.
        codecs: Fovea models and baselines, as for :class:`fovea.evaluation.CodecSpec`.
        recognizers: recognizers, as for :func:`fovea.recognition.load_any`.
        cache: file in which all results are kept; what it holds is not computed again.
        qualities: qualities of each codec, by its specification, and under "" those of all others; by default each
            codec's own.
        reference: what recognizers are scored against: the labels, or what each recognizer detects on the originals.
            By default the labels where there are any.
        anchor: codec to compare with, or name of the curve of its best size; by default the first codec.
        processes: number of images that are coded at the same time; by default one for each core.

    Returns:
        Points, curves and a gallery.

    Raises:
        FoveaError: something that is named cannot be used. This is found out before the long work begins.
    """
    # The files of a model or a recognizer may have changed since an earlier evaluation in this process.
    close_codecs()
    unload_recognizers()
    tested, skipped = find_codecs(codecs, qualities or {})
    anchor = find_anchor(tested, anchor)
    used = find_recognizers(recognizers, dataset.images[0].load())
    reference = choose_reference(dataset, used, reference)
    if reference == "labels":
        used = tuple(one.limited_to(dataset.category_ids(one.classes)) for one in used)
    contents = tuple(
        content(dataset, index, image.load())
        for index, image in enumerate(tqdm(dataset.images, "reading", unit="image", leave=False))
    )
    plan = Plan(dataset, contents, tested, used, reference, cache)
    with Cache(cache) as opened, Pool(plan, processes or available_cores(), opened) as pool:
        results = Results(plan, opened)
        scores = _run(results, pool)
        points = _points(results, scores)
        original_accuracy, curves = _curves(results, scores)
        return Evaluation(
            dataset=dataset.name,
            images=len(dataset),
            reference=reference,
            classes={recognizer.name: _count_classes(plan, recognizer) for recognizer in used},
            codecs=tested,
            skipped=skipped,
            anchor=anchor,
            points=points,
            original_scores=_scores_of(scores, ORIGINAL),
            original_accuracy=original_accuracy,
            curves=curves,
            best_sizes=best_sizes(tested),
            gallery=make_gallery(results, pool),
        )


def _run(results: Results, pool: Pool) -> _Scores:
    """Code all images, run all recognizers and score their output."""
    plan = results.plan
    images = range(len(plan.dataset))
    if plan.reference == "self":
        pool.run([RecognitionJob(image) for image in images], "recognizing originals", "image")
        for recognizer in plan.recognizers:
            if not recognizer.semantic:
                reference_objects(results, recognizer)  # raises where it detects nothing
    # Image by image, so that each is read once, and slow codecs are spread over the whole time.
    pool.run(
        [RecognitionJob(image, coding) for image in images for coding in plan.codings], "coding and recognizing", "file"
    )
    jobs = [
        ScoringJob(recognizer, kind, coding)
        for recognizer in plan.recognizers
        for kind in plan.kinds(recognizer)
        for coding in plan.codings
    ]
    pool.run(jobs, "scoring", "score")
    return {(job.metric, job.coding): job.result(results) for job in jobs}


def _scores_of(scores: _Scores, coding: Coding) -> dict[Metric, AnyScore]:
    return {metric: found.score for (metric, scored), found in scores.items() if scored == coding}


def _count_classes(plan: Plan, recognizer: RecognizerInfo) -> tuple[int, int]:
    """Return the number of classes that are scored, and of those that the reference has."""
    if plan.reference == "self":
        return len(recognizer.classes), len(recognizer.classes)
    return len({*plan.dataset.category_ids(recognizer.classes)} - {None}), len(plan.dataset.categories)


def _pixels(plan: Plan) -> NDArray[np.int64]:
    return np.array([image.width * image.height for image in plan.dataset.images], dtype=np.int64)


def _points(results: Results, scores: _Scores) -> tuple[Point, ...]:
    pixels, points = int(_pixels(results.plan).sum()), []
    for codec in results.plan.codecs:
        memory = peak_memory(results, codec)
        for quality in codec.qualities:
            files = results.measurements(Coding(codec, quality))
            point = Point(
                codec=codec.name,
                quality=quality,
                bpp=8 * sum(file.size for file in files) / pixels,
                psnr=mean_psnr([file.mse for file in files]),
                object_psnr=mean_psnr([file.object_mse for file in files if file.object_mse is not None]),
                encode_speed=pixels / 1e6 / sum(file.encode_seconds for file in files),
                decode_speed=pixels / 1e6 / sum(file.decode_seconds for file in files),
                memory=memory,
                scores=_scores_of(scores, Coding(codec, quality)),
            )
            points.append(point)
    return tuple(points)


def _curves(results: Results, scores: _Scores) -> tuple[dict[Metric, OriginalAccuracy], dict[Metric, dict[str, Curve]]]:
    pixels, draws = _pixels(results.plan), resample(len(results.plan.dataset), RESAMPLES)
    metrics = [metric for metric, coding in scores if coding == ORIGINAL]
    originals = {metric: scores[metric, ORIGINAL] for metric in metrics}
    accuracy = {metric: OriginalAccuracy(one.score.value, np.array(one.samples)) for metric, one in originals.items()}
    curves: dict[Metric, dict[str, Curve]] = {metric: {} for metric in metrics}
    best = best_sizes(results.plan.codecs)
    for codec in results.plan.codecs:
        codings = [Coding(codec, quality) for quality in codec.qualities]
        bits = np.array([[8 * file.size for file in results.measurements(coding)] for coding in codings], np.int64)
        rate_samples = draws @ bits.T / (draws @ pixels)[:, None]
        for metric in metrics:
            found = [scores[metric, coding] for coding in codings]
            curves[metric][codec.name] = Curve(
                rates=bits.sum(axis=1) / pixels.sum(),
                scores=np.array([one.score.value for one in found]),
                rate_samples=rate_samples,
                score_samples=np.array([one.samples for one in found]).T,
            )
            for name, sizes in best.items():
                if codec.name == sizes[-1]:
                    curves[metric][name] = Curve.pooled([curves[metric][size] for size in sizes])
    return accuracy, curves
