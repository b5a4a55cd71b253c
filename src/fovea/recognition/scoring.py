"""Average precision as COCO defines it, for boxes and masks.

pycocotools matches detections with objects, image by image, and gives the score. The matches are kept for the
bootstrap, which asks for the scores of hundreds of resampled sets. No match changes when an image is drawn
again or not at all, so only the sums over images are taken anew.
"""

import contextlib
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fovea.datasets import Dataset, run_lengths
from fovea.errors import DatasetError, RecognizerError
from fovea.recognition.results import Result

ObjectKind = Literal["box", "mask"]
"""What of the objects is compared."""


@dataclass(frozen=True)
class Score:
    """Average precision, 0 to 1; NaN where there is no object to find."""

    ap: float
    """Mean over IoU 0.50, 0.55, ... 0.95."""
    ap50: float
    ap75: float
    small: float
    """Objects below 32² pixels."""
    medium: float
    large: float
    """Objects above 96² pixels."""

    @property
    def value(self) -> float:
        """Average precision, the figure that stands for all."""
        return self.ap


@dataclass(frozen=True)
class _Category:
    """The detections of one category on all images, best first, that count as right or wrong."""

    image: NDArray[np.intp]
    """[D] index of the image."""
    right: NDArray[np.bool_]
    """[T, D] whether the detection found an object, at each IoU threshold."""
    wrong: NDArray[np.bool_]
    """[T, D] whether it found none; neither where it lies on an ignored region."""
    objects: NDArray[np.int64]
    """[I] objects to find on each image."""


@dataclass(frozen=True)
class Matches:
    """The detections of one recognizer on one data set, matched with its objects."""

    score: Score
    categories: tuple[_Category, ...]
    recalls: NDArray[np.float64]
    """Recall levels at which precision is read."""

    def resampled(self, draws: NDArray[np.integer]) -> NDArray[np.float64]:
        """Scores resampled sets of images.

        Args:
            draws: [R, I] how often each image, in the order of the data set, is drawn in each resample; see
                :func:`resample`. Use the same draws for all codecs, so that their differences are paired.

        Returns:
            [R, T] average precision at IoU 0.50, 0.55, ... 0.95: the mean over T is AP, column 0 is AP50.
            NaN where a resample has no object.
        """
        return np.array([self._precision(drawn.astype(np.float64)) for drawn in draws])

    def _precision(self, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        found = [
            _average_precision(category, drawn[category.image], total, self.recalls)
            for category in self.categories
            if (total := float(category.objects @ drawn)) > 0
        ]
        return np.mean(found, axis=0) if found else np.full(10, np.nan)


def match(dataset: Dataset, results: Sequence[Result], kind: ObjectKind, categories: Sequence[int | None]) -> Matches:
    """Matches detections with the objects of a data set and scores them.

    Args:
        dataset: images with ground truth.
        results: the detections on all its images, from :func:`to_results`.
        kind: whether boxes or masks are compared.
        categories: category id of each class of the recognizer. Categories it does not know are not scored.

    Returns:
        The score, and the matches that resampled scores are made from.

    Raises:
        DatasetError: there is no ground truth of that kind.
        RecognizerError: masks are asked for, and there are none.
    """
    if not dataset.labeled:
        raise DatasetError(f"{dataset.name}: has no labels: score against the recognizer's own output instead")
    if kind == "mask" and not dataset.masked:
        raise DatasetError(f"{dataset.name}: not every object has a mask: score boxes, or take a set with masks")
    if kind == "mask" and any("segmentation" not in result for result in results):
        raise RecognizerError("the recognizer gives no masks: score boxes")
    # The number of an image is its place in the data set: pycocotools sorts images by number.
    place = {image.id: index for index, image in enumerate(dataset.images)}
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(
            _index(dataset, _truth(dataset, place, kind)),
            _index(dataset, _found(results, place, kind)),
            "segm" if kind == "mask" else "bbox",
        )
        evaluation.params.catIds = sorted({number for number in categories if number is not None})
        evaluation.params.catIds = [c for c in evaluation.params.catIds if c in dataset.categories]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    stats = [math.nan if value < 0 else float(value) for value in evaluation.stats[:6]]
    return Matches(Score(*stats), tuple(_pack(evaluation)), np.asarray(evaluation.params.recThrs))


def resample(images: int, times: int, seed: int = 0) -> NDArray[np.int64]:
    """Draws images with replacement, as a bootstrap does.

    Args:
        images: number of images.
        times: number of resamples.
        seed: the same seed gives the same draws.

    Returns:
        [times, images] how often each image is drawn; each row sums to ``images``.

    Example:
        >>> resample(4, 3).sum(axis=1).tolist()
        [4, 4, 4]
    """
    return np.random.default_rng(seed).multinomial(images, np.full(images, 1 / images), size=times)


def _truth(dataset: Dataset, place: dict[int, int], kind: ObjectKind) -> list[dict[str, Any]]:
    sizes = {image.id: (image.height, image.width) for image in dataset.images}
    return [
        {
            "image_id": place[a.image_id],
            "category_id": a.category_id,
            "bbox": list(a.box),
            "area": a.area,
            "iscrowd": int(a.crowd),
            **({"segmentation": run_lengths(a.segmentation, *sizes[a.image_id])} if a.segmentation else {}),
        }
        for a in dataset.annotations
        if a.segmentation or kind == "box"
    ]


def _found(results: Sequence[Result], place: dict[int, int], kind: ObjectKind) -> list[dict[str, Any]]:
    # As COCO: what is compared tells whether a detection is small, so the same one may be so for masks alone.
    return [
        {
            **result,
            "image_id": place[result["image_id"]],
            "area": rle.area(result["segmentation"]) if kind == "mask" else result["bbox"][2] * result["bbox"][3],
            "iscrowd": 0,
        }
        for result in results
    ]


def _index(dataset: Dataset, annotations: list[dict[str, Any]]) -> COCO:
    coco = COCO()
    coco.dataset = {
        "images": [{"id": i, "width": m.width, "height": m.height} for i, m in enumerate(dataset.images)],
        "categories": [{"id": number, "name": name} for number, name in dataset.categories.items()],
        # Numbers begin at 1: COCOeval writes 0 for "no match".
        "annotations": [{**annotation, "id": i} for i, annotation in enumerate(annotations, 1)],
    }
    coco.createIndex()
    return coco


def _pack(evaluation: COCOeval) -> Iterable[_Category]:
    """Gathers the matches of all sizes of objects; COCOeval lists by category, size range, image."""
    parameters = evaluation.params
    images, ranges = len(parameters.imgIds), len(parameters.areaRng)
    for number in range(len(parameters.catIds)):
        first = number * ranges * images
        seen = [(i, e) for i, e in enumerate(evaluation.evalImgs[first : first + images]) if e is not None]
        objects = np.zeros(images, np.int64)
        for i, e in seen:
            objects[i] = np.count_nonzero(np.asarray(e["gtIgnore"]) == 0)
        if not objects.any():
            continue
        order = np.argsort(-np.concatenate([e["dtScores"] for _, e in seen]), kind="mergesort")
        hit = np.concatenate([e["dtMatches"] for _, e in seen], axis=1)[:, order] != 0
        ignored = np.concatenate([e["dtIgnore"] for _, e in seen], axis=1)[:, order] != 0
        image = np.repeat([i for i, _ in seen], [len(e["dtScores"]) for _, e in seen])[order]
        yield _Category(image, hit & ~ignored, ~hit & ~ignored, objects)


def _average_precision(
    category: _Category, weights: NDArray[np.float64], total: float, recalls: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Average precision of one category at each IoU threshold, each detection counted ``weights`` times."""
    right, wrong = np.cumsum(category.right * weights, axis=1), np.cumsum(category.wrong * weights, axis=1)
    precision = right / np.maximum(right + wrong, np.spacing(1))
    # The best precision at this recall or any higher one; the column of zeros is for recalls never reached.
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    best = np.pad(best, ((0, 0), (0, 1)))
    reached = [np.searchsorted(recall, recalls, side="left") for recall in right / total]
    return np.array([row[at].mean() for row, at in zip(best, reached, strict=True)])
