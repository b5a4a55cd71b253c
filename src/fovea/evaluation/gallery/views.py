"""What a recognizer makes of one image, to be shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fovea.datasets import BACKGROUND, canonical
from fovea.evaluation.cache import Cache
from fovea.evaluation.judge import Judge
from fovea.evaluation.marks import Mark, compare
from fovea.evaluation.plan import Plan, seen_key
from fovea.evaluation.sight import objects
from fovea.evaluation.truth import ClassMaps, true_objects
from fovea.recognition import overlaps

UNCOLORED = -1
"""In a class map that is shown: background, which lets the image through."""
_CROWDED = 6
"""More objects or classes than these make an image no better to show."""
_NAMED = 0.01
"""Part of the image from which the name of a class is told."""


@dataclass(frozen=True)
class View:
    """What a recognizer makes of one version of an image."""

    verdict: str
    """How right it is, in a few words."""
    marks: tuple[Mark, ...] = ()
    class_map: NDArray[np.integer] | None = None
    """[H, W] class indices or ``UNCOLORED``; None from detectors."""
    named: Mapping[int, str] = field(default_factory=dict)
    """Names of the classes that are easily seen in it."""


class Viewer(Protocol):
    """Looks at images through one recognizer."""

    def view(self, image: int, image_key: str) -> View:
        """What it makes of one version of an image."""

    def worth(self, image: int, image_key: str) -> float:
        """How much there is to see on it, and how right the recognizer is about that."""


def viewer(plan: Plan, judge: Judge, cache: Cache) -> Viewer:
    """Chooses how the recognizer is shown.

    Args:
        plan: of the evaluation.
        judge: the recognizer.
        cache: with all that it saw.

    Returns:
        Its viewer.
    """
    return MapViewer(plan, judge, cache) if judge.semantic else ObjectViewer(plan, judge, cache)


class ObjectViewer:
    """Marks what a detector finds and misses.

    Args:
        plan: of the evaluation.
        judge: the detector.
        cache: with all that it saw.
    """

    def __init__(self, plan: Plan, judge: Judge, cache: Cache) -> None:
        self._judge, self._cache = judge, cache
        self._truth = true_objects(plan, judge, cache)
        self._categories = self._truth.category_ids(judge.classes)

    def view(self, image: int, image_key: str) -> View:
        """What it makes of one version of an image."""
        marks = self._marks(image, image_key)
        counts = {verdict: sum(mark.verdict == verdict for mark in marks) for verdict in ("found", "false", "missed")}
        return View(", ".join(f"{count} {verdict}" for verdict, count in counts.items()), tuple(marks))

    def worth(self, image: int, image_key: str) -> float:
        """Objects found, less what is false or missed."""
        marks = self._marks(image, image_key)
        found = sum(mark.verdict == "found" for mark in marks)
        return min(found, _CROWDED) - 0.5 * (len(marks) - found)

    def _marks(self, image: int, image_key: str) -> list[Mark]:
        listed = self._truth.images[image]
        known = [one for one in self._truth.by_image[listed.id] if one.category_id in self._categories]
        packed = self._cache.get(seen_key(image_key, self._judge)) or b""
        return compare(objects(packed, listed.id, self._categories), known, self._truth.categories)


class MapViewer:
    """Colors the class map of a segmenter.

    Args:
        plan: of the evaluation.
        judge: the segmenter.
        cache: with all that it saw.
    """

    def __init__(self, plan: Plan, judge: Judge, cache: Cache) -> None:
        self._maps = ClassMaps(plan, judge, cache)
        self._background = [n for n, name in enumerate(self._maps.names) if canonical(name) == BACKGROUND]

    def view(self, image: int, image_key: str) -> View:
        """What it makes of one version of an image."""
        seen, names = self._maps.seen(image_key), self._maps.names
        right = overlaps([seen], [self._maps.true(image)], len(names)).score.pixel_accuracy
        shown = np.where(np.isin(seen, self._background), UNCOLORED, seen.astype(np.int64))
        classes, pixels = np.unique(shown, return_counts=True)
        named = [int(n) for n, count in zip(classes, pixels, strict=True) if n >= 0 and count >= _NAMED * seen.size]
        return View(f"{100 * right:.0f} % of the pixels right", class_map=shown, named={n: names[n] for n in named})

    def worth(self, image: int, image_key: str) -> float:
        """Classes seen, each as far as it is right."""
        found = overlaps([self._maps.seen(image_key)], [self._maps.true(image)], len(self._maps.names))
        return min(float((found.intersection / np.maximum(found.union, 1)).sum()), _CROWDED)
