"""What counts as right."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fovea.errors import DatasetError
from fovea.evaluation.cache import Cache
from fovea.evaluation.judge import Judge
from fovea.evaluation.plan import Plan, Reference, seen_key
from fovea.evaluation.sight import class_map, objects
from fovea.recognition import Dataset, SharedClasses, self_reference


def choose_reference(dataset: Dataset, panel: Sequence[Judge], wanted: Reference | None) -> Reference:
    """Decides what recognizers are compared with.

    Args:
        dataset: the images.
        panel: the recognizers.
        wanted: what the user says; None: the labels where there are any.

    Returns:
        What counts as right.

    Raises:
        DatasetError: labels are meant, and there are none, or a recognizer cannot be compared with them, or they
            have no object that it could find.
    """
    reference = wanted or ("labels" if dataset.labeled else "self")
    if reference == "self":
        return reference
    if not dataset.labeled:
        raise DatasetError(f"{dataset.name}: has no labels: compare with the recognizers' own output instead")
    for judge in panel:
        categories = dataset.category_ids(judge.classes)
        if not any(one.category_id in categories and not one.crowd for one in dataset.annotations):
            shared = [name for name, category in zip(judge.classes, categories, strict=True) if category is not None]
            raise DatasetError(
                f"{dataset.name}: none of the {len(dataset)} images taken shows a class that it shares with "
                f"{judge.name} ({', '.join(shared[:5])}{', ...' if len(shared) > 5 else ''}): take more images, or "
                "compare with the recognizers' own output instead"
            )
        if judge.semantic:
            SharedClasses.between(dataset, judge.classes)
    return reference


def require_reference(plan: Plan, judge: Judge, cache: Cache) -> None:
    """Sees that a detector, compared with itself, has something to be compared with.

    Args:
        plan: of the evaluation.
        judge: any recognizer; one that sees classes of pixels always has.
        cache: with what it saw on the originals.

    Raises:
        DatasetError: it saw nothing on the originals.
    """
    if not judge.semantic:
        true_objects(plan, judge, cache)


def true_objects(plan: Plan, judge: Judge, cache: Cache) -> Dataset:
    """What counts as right for a detector: the labels, or what it saw on the originals.

    Args:
        plan: of the evaluation.
        judge: the detector.
        cache: with what it saw on the originals.

    Returns:
        The images with the objects on them.

    Raises:
        DatasetError: it saw nothing on the originals.
    """
    if plan.reference == "labels":
        return plan.dataset
    bare = replace(plan.dataset, annotations=(), categories={})
    categories = bare.category_ids(judge.classes)
    results = [
        result
        for index, image in enumerate(bare.images)
        for result in objects(cache.get(seen_key(plan.image_key(index), judge)) or b"", image.id, categories)
    ]
    return self_reference(bare, results, judge.classes)


class ClassMaps:
    """What a segmenter saw and what counts as right for it, in the same classes.

    Against labels these are the classes that both know, and background; else they are all that the segmenter knows.

    Args:
        plan: of the evaluation.
        judge: the segmenter.
        cache: with what it saw.
    """

    def __init__(self, plan: Plan, judge: Judge, cache: Cache) -> None:
        self._plan, self._judge, self._cache = plan, judge, cache
        self._shared = SharedClasses.between(plan.dataset, judge.classes) if plan.reference == "labels" else None
        self.names = self._shared.names if self._shared else judge.classes

    def seen(self, image_key: str) -> NDArray[np.integer]:
        """[H, W] what it saw on one version of an image."""
        found = class_map(self._cache.get(seen_key(image_key, self._judge)) or b"")
        return self._shared.of_classes[found] if self._shared else found

    def true(self, image: int) -> NDArray[np.integer]:
        """[H, W] what counts as right; values that are no class do not count."""
        if self._shared:
            return self._shared.reference(self._plan.dataset, self._plan.dataset.images[image])
        return self.seen(self._plan.image_key(image))
