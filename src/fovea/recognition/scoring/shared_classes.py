"""Comparison of class maps with the labels of objects, by the classes that both have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fovea.datasets import BACKGROUND, Dataset, DatasetImage, canonical, region
from fovea.errors import DatasetError

IGNORED = -1
"""Value, in a class map, of pixels that count neither as right nor as wrong."""


@dataclass(frozen=True)
class SharedClasses:
    """The classes that a recognizer and a data set have in common, numbered from 1. Everything else is background, 0.

    Labels of objects do not state what lies between the objects. So a segmenter that knows sky and road is right about
    a pixel between objects if it gives it any class that the data set does not label.
    """

    names: tuple[str, ...]
    """Names of the shared classes, background first."""
    of_classes: NDArray[np.int64]
    """[C] number of each class of the recognizer: ``of_classes[class_map]`` is a map of shared classes."""
    of_categories: Mapping[int, int]
    """The number of each shared class, by its category id."""

    @classmethod
    def between(cls, dataset: Dataset, classes: Sequence[str]) -> Self:
        """Find the shared classes by name.

        Args:
            dataset: data set with masks.
            classes: names of the recognizer's classes.

        Returns:
            The shared classes, in the order of the recognizer's classes.

        Raises:
            DatasetError: there are none, or an object has no mask.
        """
        if not dataset.masked:
            raise DatasetError(
                "not every object has a mask to compare class maps with: take a set with masks, or compare with the "
                "output of the segmenter on the originals",
                path=dataset.name,
            )
        # Some data sets also list the background as a category; it is the same pixels.
        objects = [index for index, name in enumerate(classes) if canonical(name) != BACKGROUND]
        categories = dataset.category_ids([classes[index] for index in objects])
        names, numbers = [BACKGROUND], dict[int, int]()
        of_classes = np.zeros(len(classes), np.int64)
        for index, category in zip(objects, categories, strict=True):
            if category is None:
                continue
            if category not in numbers:
                numbers[category] = len(names)
                names.append(classes[index])
            of_classes[index] = numbers[category]
        return cls(tuple(names), of_classes, numbers)

    def reference(self, dataset: Dataset, image: DatasetImage) -> NDArray[np.int64]:
        """Draw the labels of an image as a class map.

        Args:
            dataset: data set that the classes were found for.
            image: image of the data set.

        Returns:
            [H, W] numbers of shared classes; ``IGNORED`` on crowds, and where objects of different classes overlap,
            because labels do not state which object is in front.
        """
        drawn = np.zeros((image.height, image.width), np.int64)
        covered = np.zeros(drawn.shape, np.bool_)
        for annotation in dataset.by_image[image.id]:
            number = IGNORED if annotation.crowd else self.of_categories.get(annotation.category_id, 0)
            inside = region(annotation, image)
            drawn[inside & covered & (drawn != number)] = IGNORED
            drawn[inside & ~covered] = number
            covered |= inside
        return drawn
