"""Average precision (AP) of boxes and masks as COCO defines it.

Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014.

pycocotools matches detections with objects, image by image, and computes the score. The matches are kept for the
bootstrap, which needs the scores of hundreds of resampled sets of images. A match does not depend on the other images,
so each resample only takes new sums over images.
"""

import contextlib
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fovea.datasets import Dataset, mask_area, run_lengths
from fovea.errors import DatasetError, RecognizerError
from fovea.recognition.scoring.results import Result

ObjectKind = Literal["box", "mask"]
"""Whether boxes or masks of objects are compared."""


@dataclass(frozen=True)
class Score:
    """Average precision in 0 to 1; NaN where there is no object to find."""

    ap: float
    """Mean over the IoU thresholds 0.50, 0.55, ... 0.95."""
    ap50: float
    """At the IoU threshold 0.50."""
    ap75: float
    """At the IoU threshold 0.75."""
    small: float
    """Of objects with an area below 32² pixels."""
    medium: float
    """Of objects between small and large."""
    large: float
    """Of objects with an area above 96² pixels."""

    @property
    def value(self) -> float:
        """The main figure: the mean over the IoU thresholds."""
        return self.ap


@dataclass(frozen=True)
class _Category:
    """The detections of one category on all images, best first."""

    image: NDArray[np.intp]
    """[D] index of the image of each detection."""
    right: NDArray[np.bool_]
    """[T, D] whether the detection matches an object, at each IoU threshold."""
    wrong: NDArray[np.bool_]
    """[T, D] whether it matches none. Detections on an ignored region are neither right nor wrong."""
    objects: NDArray[np.int64]
    """[I] number of objects to find on each image."""


@dataclass(frozen=True)
class Matches:
    """The detections of one recognizer on one data set, matched with its objects."""

    score: Score
    categories: tuple[_Category, ...]
    recalls: NDArray[np.float64]
    """Recall levels at which the precision is taken."""

    def resampled(self, draws: NDArray[np.integer]) -> NDArray[np.float64]:
        """Score resampled sets of images.

        Args:
            draws: [R, I] count of each image, in the order of the data set, in each resample; see
                :func:`fovea.recognition.resample`. With the same draws for all codecs, their differences are paired.

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
    """Match detections with the objects of a data set and score them.

    Args:
        dataset: images with ground truth.
        results: detections on all its images, from :func:`to_results`.
        kind: whether boxes or masks are compared.
        categories: category id of each class of the recognizer. Categories without a class are not scored.

    Returns:
        The score, and the matches from which resampled sets are scored.

    Raises:
        DatasetError: there is no ground truth of that kind.
        RecognizerError: masks are asked for, and there are none.
    """
    if not dataset.labeled:
        raise DatasetError("has no labels: score against the recognizer's own output instead", path=dataset.name)
    if kind == "mask" and not dataset.masked:
        raise DatasetError("not every object has a mask: score boxes, or take a set with masks", path=dataset.name)
    if kind == "mask" and any("segmentation" not in result for result in results):
        raise RecognizerError("the recognizer gives no masks: score boxes")
    # The id of an image is its place in the data set: pycocotools sorts images by id.
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
        if kind == "box" or (a.segmentation and mask_area(a.segmentation))  # nothing matches an empty mask
    ]


def _found(results: Sequence[Result], place: dict[int, int], kind: ObjectKind) -> list[dict[str, Any]]:
    # As in COCO, the area of what is compared decides whether a detection is small: it may be so for masks alone.
    return [
        {
            **result,
            "image_id": place[result["image_id"]],
            "area": mask_area(result["segmentation"]) if kind == "mask" else result["bbox"][2] * result["bbox"][3],
            "iscrowd": 0,
        }
        for result in results
    ]


def _index(dataset: Dataset, annotations: list[dict[str, Any]]) -> COCO:
    coco = COCO()
    coco.dataset = {
        "images": [{"id": i, "width": m.width, "height": m.height} for i, m in enumerate(dataset.images)],
        "categories": [{"id": number, "name": name} for number, name in dataset.categories.items()],
        # Ids begin at 1: COCOeval writes 0 for "no match".
        "annotations": [{**annotation, "id": i} for i, annotation in enumerate(annotations, 1)],
    }
    coco.createIndex()
    return coco


def _pack(evaluation: COCOeval) -> Iterable[_Category]:
    """Yield the matches for objects of all sizes; COCOeval lists them by category, size range and image."""
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
    """Return the average precision of one category at each IoU threshold; each detection counts ``weights`` times."""
    right, wrong = (category.right * weights).cumsum(axis=1), (category.wrong * weights).cumsum(axis=1)
    precision = right / np.maximum(right + wrong, np.spacing(1))
    # The best precision at this recall or any higher one; the column of zeros is for recalls that are never reached.
    best = np.zeros((len(precision), precision.shape[1] + 1))
    np.maximum.accumulate(precision[:, ::-1], axis=1, out=best[:, -2::-1])
    reached = np.array([recall.searchsorted(recalls) for recall in right / total])
    precisions: NDArray[np.float64] = np.take_along_axis(best, reached, axis=1).mean(axis=1)
    return precisions
