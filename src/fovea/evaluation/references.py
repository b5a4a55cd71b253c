"""What recognizers are scored against: the labels, or what each recognizer detects on the originals.

The second needs no labels. It measures how much the output of a recognizer changes by coding.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fovea.datasets import Dataset
from fovea.errors import DatasetError
from fovea.evaluation.recognizers import RecognizerInfo
from fovea.evaluation.running.plan import ORIGINAL, Coding, Reference
from fovea.evaluation.running.results import Results
from fovea.recognition import SharedClasses, self_reference

_NAMES_SHOWN = 5
"""Number of class names in an error."""


def choose_reference(dataset: Dataset, recognizers: Sequence[RecognizerInfo], wanted: Reference | None) -> Reference:
    """Decide what recognizers are scored against.

    Args:
        dataset: the images.
        recognizers: the recognizers.
        wanted: what the user asks for; None for the labels where there are any.

    Returns:
        The reference.

    Raises:
        DatasetError: labels are asked for, but there are none, or a recognizer cannot be scored against them, or
            they have no object that it could detect.
    """
    reference = wanted or ("labels" if dataset.labeled else "self")
    if reference == "self":
        return reference
    if not dataset.labeled:
        raise DatasetError("has no labels: compare with the recognizers' own output instead", path=dataset.name)
    for recognizer in recognizers:
        categories = dataset.category_ids(recognizer.classes)
        if not any(object_.category_id in categories and not object_.crowd for object_ in dataset.annotations):
            pairs = zip(recognizer.classes, categories, strict=True)
            shared = [name for name, category in pairs if category is not None]
            names = ", ".join(shared[:_NAMES_SHOWN]) + ", ..." * (len(shared) > _NAMES_SHOWN)
            raise DatasetError(
                f"none of the {len(dataset)} images taken shows an object of a class that it shares with "
                f"{recognizer.name} ({names}): take more images, or compare with the recognizers' own output instead",
                path=dataset.name,
            )
        if recognizer.semantic:
            SharedClasses.between(dataset, recognizer.classes)  # raises where not every object has a mask
    return reference


def reference_objects(results: Results, detector: RecognizerInfo) -> Dataset:
    """Return the objects that a detector is scored against.

    Args:
        results: results of the evaluation, with the output of the detector on the originals.
        detector: the detector.

    Returns:
        The images with the labels, or with the detections on the originals, as annotations.

    Raises:
        DatasetError: the detector is scored against its own output and detects nothing on the originals.
    """
    plan = results.plan
    if plan.reference == "labels":
        return plan.dataset
    unlabeled = replace(plan.dataset, annotations=(), categories={})
    categories = unlabeled.category_ids(detector.classes)
    detections = [
        detection
        for image in range(len(unlabeled))
        for detection in results.detections(image, ORIGINAL, detector, categories)
    ]
    return self_reference(unlabeled, detections, detector.classes)


class ClassMaps:
    """The class maps of a segmenter and those that it is scored against, in the same classes.

    Against labels the classes are those that segmenter and labels share, and the background. Against the segmenter's
    own output they are all its classes.

    Args:
        results: results of the evaluation.
        segmenter: the segmenter.

    Attributes:
        names: names of the classes.
    """

    def __init__(self, results: Results, segmenter: RecognizerInfo) -> None:
        self._results, self._segmenter = results, segmenter
        labeled = results.plan.reference == "labels"
        self._shared = SharedClasses.between(results.plan.dataset, segmenter.classes) if labeled else None
        self.names = self._shared.names if self._shared else segmenter.classes

    def predicted(self, image: int, coding: Coding) -> NDArray[np.integer]:
        """Return the class map of the segmenter on one image, coded: [H, W] class indices."""
        class_map = self._results.class_map(image, coding, self._segmenter)
        return self._shared.of_classes[class_map] if self._shared else class_map

    def reference(self, image: int) -> NDArray[np.integer]:
        """Return the class map to compare with: [H, W] class indices. Values that are no class are not scored."""
        if self._shared:
            dataset = self._results.plan.dataset
            return self._shared.reference(dataset, dataset.images[image])
        return self.predicted(image, ORIGINAL)
