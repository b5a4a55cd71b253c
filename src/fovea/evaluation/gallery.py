"""One image as each codec leaves it at nearly the same size, with what the recognizers make of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pycocotools import mask as rle

from fovea.evaluation.cache import Cache
from fovea.evaluation.contender import Contender, codec_for
from fovea.evaluation.judge import Judge, seen
from fovea.evaluation.plan import Plan, file_key, seen_key
from fovea.evaluation.pool import Pool
from fovea.evaluation.work import Fit, Look, reference
from fovea.recognition import Annotation, Dataset, Result
from fovea.recognition.recognizer import Picture

THRESHOLD = 0.25
"""Lowest score of a detection that is shown."""
OVERLAP = 0.5
"""IoU from which a detection has found an object."""
_CROWDED = 6
"""More objects than these make an image no better to show."""


@dataclass(frozen=True)
class Mark:
    """Something to draw on an image."""

    verdict: Literal["found", "false", "missed"]
    label: str
    box: tuple[float, float, float, float]
    """Left, top, width, height in pixels."""
    mask: dict[str, object] | None
    """Run-length code."""


@dataclass(frozen=True)
class Frame:
    """One version of the image."""

    title: str
    note: str
    picture: Picture
    marks: Mapping[str, tuple[Mark, ...]]
    """By recognizer."""


@dataclass(frozen=True)
class Gallery:
    """The original first, then one frame for each codec."""

    image: str
    """Name of the file."""
    frames: tuple[Frame, ...]


def hang(plan: Plan, cache: Cache, pool: Pool) -> Gallery:
    """Chooses an image and a size, codes it with each codec to that size, and marks what recognizers see.

    Args:
        plan: of the evaluation, whose files and detections are all in the cache.
        cache: of the evaluation.
        pool: does what is missing.

    Returns:
        The frames.
    """
    truths = {judge.name: reference(plan, judge, cache) for judge in plan.judges}
    image = _choose(plan, cache, plan.judges[0], truths[plan.judges[0].name])
    sizes = {codec: _sizes(plan, cache, codec, image) for codec in plan.contenders}
    least, most = (pick(each(size.values()) for size in sizes.values()) for pick, each in ((max, min), (min, max)))
    # Where codecs differ: near the smallest size that all of them reach.
    target = round(least**0.75 * max(least, most) ** 0.25)
    fits = {codec: _fit(image, codec, sizes[codec], target) for codec in plan.contenders}
    pool.run(fits.values(), "gallery", "codec")
    looks = {codec: Look(image, codec, json.loads(cache.get(fit.keys(plan)[0]) or b"")) for codec, fit in fits.items()}
    pool.run(looks.values(), "gallery", "image")

    listed = plan.dataset.images[image]
    picture, objects = listed.load(), plan.dataset.object_mask(listed)
    frames = [Frame("original", "", picture, _marks(plan, cache, truths, plan.image_key(image), image))]
    for codec, look in looks.items():
        key = plan.image_key(image, codec, look.quality)
        data = cache.get(file_key(key)) or b""
        frames.append(
            Frame(
                codec.name,
                f"{8 * len(data) / (listed.width * listed.height):.3f} bpp, quality {look.quality:g}",
                codec_for(codec.spec, objects).decode(data),
                _marks(plan, cache, truths, key, image),
            )
        )
    return Gallery(listed.path.name, tuple(frames))


def compare(results: Sequence[Result], annotations: Sequence[Annotation], names: Mapping[int, str]) -> list[Mark]:
    """Tells which detections are right, which are false, and what was missed.

    Args:
        results: detections on one image, best first; those below ``THRESHOLD`` are left out.
        annotations: the objects on it. Detections on a crowd are neither right nor false.
        names: of the categories.

    Returns:
        What to draw.
    """
    results = [result for result in results if result["score"] >= THRESHOLD]
    marks, open_ = [], [not annotation.crowd for annotation in annotations]
    overlaps = np.zeros((len(results), len(annotations)))
    if results and annotations:
        overlaps = rle.iou(
            np.array([result["bbox"] for result in results], dtype=np.float64),
            np.array([annotation.box for annotation in annotations], dtype=np.float64),
            [int(annotation.crowd) for annotation in annotations],
        )
    for result, row in zip(results, overlaps, strict=True):
        same = np.array([annotation.category_id == result["category_id"] for annotation in annotations], dtype=bool)
        fits = same & (row >= OVERLAP)
        free = fits & np.array(open_, dtype=bool)
        if free.any():
            open_[int(np.argmax(np.where(free, row, -1)))] = False
        elif any(annotation.crowd and fit for annotation, fit in zip(annotations, fits, strict=True)):
            continue
        left, top, width, height = result["bbox"]
        marks.append(
            Mark(
                "found" if free.any() else "false",
                f"{names[result['category_id']]} {100 * result['score']:.0f}",
                (left, top, width, height),
                result.get("segmentation"),
            )
        )
    missed = [annotation for annotation, still in zip(annotations, open_, strict=True) if still]
    return marks + [Mark("missed", names[one.category_id], one.box, None) for one in missed]


def _marks(
    plan: Plan, cache: Cache, truths: Mapping[str, Dataset], key: str, image: int
) -> dict[str, tuple[Mark, ...]]:
    return {judge.name: tuple(_compared(plan, cache, judge, truths[judge.name], key, image)) for judge in plan.judges}


def _compared(plan: Plan, cache: Cache, judge: Judge, truth: Dataset, key: str, image: int) -> list[Mark]:
    categories = truth.category_ids(judge.classes)
    listed = truth.images[image]
    known = [one for one in truth.by_image[listed.id] if one.category_id in categories]
    found = seen(cache.get(seen_key(key, judge)) or b"", listed.id, categories)
    return compare(found, known, truth.categories)


def _choose(plan: Plan, cache: Cache, judge: Judge, truth: Dataset) -> int:
    """The image on whose original the recognizer is most right, with something to see on it."""

    def worth(image: int) -> float:
        verdicts = [mark.verdict for mark in _compared(plan, cache, judge, truth, plan.image_key(image), image)]
        return min(verdicts.count("found"), _CROWDED) - 0.5 * (len(verdicts) - verdicts.count("found"))

    return max(range(len(plan.dataset)), key=worth)


def _sizes(plan: Plan, cache: Cache, codec: Contender, image: int) -> dict[float, int]:
    """Bytes at each quality that was tried."""
    keys = {quality: plan.image_key(image, codec, quality) for quality in codec.qualities}
    return {quality: int(json.loads(cache.get(key) or b"")["size"]) for quality, key in keys.items()}


def _fit(image: int, codec: Contender, sizes: Mapping[float, int], target: int) -> Fit:
    below = [quality for quality, size in sizes.items() if size <= target]
    above = [quality for quality, size in sizes.items() if size >= target]
    low = max(below, default=min(sizes))
    return Fit(image, codec, target, low, min((quality for quality in above if quality >= low), default=low))
