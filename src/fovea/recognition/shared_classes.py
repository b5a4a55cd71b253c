"""Class maps made of the labels of objects, and how the class maps of a segmenter compare with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fovea.datasets import BACKGROUND, Dataset, DatasetImage, canonical, region
from fovea.errors import DatasetError

IGNORED = -1
"""Value of pixels that count neither as right nor as wrong."""


@dataclass(frozen=True)
class SharedClasses:
    """The classes that a recognizer and a data set have in common, from 1 on. All else is background, 0.

    Labels of objects say nothing of what lies between them but that it is no object. So a segmenter that knows sky
    and road is right about a pixel between objects if it names any class that the data set does not label.
    """

    names: tuple[str, ...]
    """Background first."""
    of_classes: NDArray[np.int64]
    """[C] for each class of the recognizer its number here: an index that brings its class maps to these."""
    of_categories: Mapping[int, int]
    """The number of each category that both know."""

    @classmethod
    def between(cls, dataset: Dataset, classes: Sequence[str]) -> Self:
        """Finds them by name.

        Args:
            dataset: a data set with masks.
            classes: names of the recognizer's classes.

        Returns:
            The shared classes, in the order of the recognizer's.

        Raises:
            DatasetError: there are none, or not every object has a mask.
        """
        if not dataset.masked:
            raise DatasetError(
                f"{dataset.name}: not every object has a mask to compare class maps with: take a set with masks, or "
                "compare with what the segmenter sees on the originals"
            )
        # Some data sets list the background as a category too; it is the same pixels.
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
        """Draws the labels of an image as a class map.

        Args:
            dataset: the data set.
            image: an image of it.

        Returns:
            [H, W] numbers of shared classes; ``IGNORED`` on crowds, and where objects of different classes overlap,
            because labels do not say which one is in front.
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
