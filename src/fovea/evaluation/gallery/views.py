"""What a recognizer detects on one image, as it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fovea.datasets import BACKGROUND, canonical
from fovea.evaluation.gallery.matching import Mark, compare
from fovea.evaluation.recognizers import RecognizerInfo
from fovea.evaluation.references import ClassMaps, reference_objects
from fovea.evaluation.running.plan import ORIGINAL, Coding
from fovea.evaluation.running.results import Results
from fovea.recognition import overlaps

UNCOLORED = -1
"""Value of the background in a class map that is shown: it stays transparent."""
_ENOUGH = 6
"""Number of objects or classes on an image beyond which more of them make it no better to show."""
_NAMED = 0.01
"""Share of the pixels that a class must have to be named."""


@dataclass(frozen=True)
class View:
    """What a recognizer detects on one image, coded.

    Attributes:
        summary: how correct it is, in a few words.
        marks: boxes and masks to draw.
        class_map: [H, W] class indices or ``UNCOLORED``; None from detectors.
        classes: names of the classes that take a visible part of the class map, by index.
    """

    summary: str
    marks: tuple[Mark, ...] = ()
    class_map: NDArray[np.integer] | None = None
    classes: Mapping[int, str] = field(default_factory=dict)


class Viewer(Protocol):
    """Shows the output of one recognizer."""

    def view(self, image: int, coding: Coding) -> View:
        """Show the output on one image, coded."""

    def worth(self, image: int) -> float:
        """Return how much there is to see on the original, and how correct the recognizer is about it."""


def open_viewer(results: Results, recognizer: RecognizerInfo) -> Viewer:
    """Return the viewer for a recognizer."""
    return ClassMapViewer(results, recognizer) if recognizer.semantic else ObjectViewer(results, recognizer)


class ObjectViewer:
    """Marks the objects that a detector finds and those that it misses.

    Args:
        results: results of the evaluation.
        detector: the detector.
    """

    def __init__(self, results: Results, detector: RecognizerInfo) -> None:
        self._results, self._detector = results, detector
        self._reference = reference_objects(results, detector)
        self._categories = self._reference.category_ids(detector.classes)

    def view(self, image: int, coding: Coding) -> View:
        """Mark the objects on one image, coded."""
        marks = self._marks(image, coding)
        counts = {verdict: sum(mark.verdict == verdict for mark in marks) for verdict in ("found", "false", "missed")}
        return View(", ".join(f"{count} {verdict}" for verdict, count in counts.items()), tuple(marks))

    def worth(self, image: int) -> float:
        """Return the number of objects found, less half of the false and missed ones."""
        marks = self._marks(image, ORIGINAL)
        found = sum(mark.verdict == "found" for mark in marks)
        return min(found, _ENOUGH) - 0.5 * (len(marks) - found)

    def _marks(self, image: int, coding: Coding) -> list[Mark]:
        annotations = self._reference.by_image[self._reference.images[image].id]
        known = [annotation for annotation in annotations if annotation.category_id in self._categories]
        detections = self._results.detections(image, coding, self._detector, self._categories)
        return compare(detections, known, self._reference.categories)


class ClassMapViewer:
    """Colors the class map of a segmenter.

    Args:
        results: results of the evaluation.
        segmenter: the segmenter.
    """

    def __init__(self, results: Results, segmenter: RecognizerInfo) -> None:
        self._maps = ClassMaps(results, segmenter)
        self._background = [n for n, name in enumerate(self._maps.names) if canonical(name) == BACKGROUND]

    def view(self, image: int, coding: Coding) -> View:
        """Color the class map of one image, coded."""
        predicted, names = self._maps.predicted(image, coding), self._maps.names
        accuracy = overlaps([predicted], [self._maps.reference(image)], len(names)).score.pixel_accuracy
        shown = np.where(np.isin(predicted, self._background), UNCOLORED, predicted.astype(np.int64))
        numbers, counts = np.unique(shown, return_counts=True)
        visible = (int(n) for n, count in zip(numbers, counts, strict=True) if n >= 0 and count >= _NAMED * shown.size)
        classes = {number: names[number] for number in visible}
        return View(f"{100 * accuracy:.0f} % of the pixels correct", class_map=shown, classes=classes)

    def worth(self, image: int) -> float:
        """Return the sum of the IoU of the classes."""
        predicted, reference = self._maps.predicted(image, ORIGINAL), self._maps.reference(image)
        overlapping = overlaps([predicted], [reference], len(self._maps.names))
        return min(float((overlapping.intersection / np.maximum(overlapping.union, 1)).sum()), _ENOUGH)
