"""A data set in memory, the same for every file format. Pixels stay on disk until they are needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fovea.datasets.classes import COCO_CLASSES, canonical
from fovea.datasets.masks import Box, Segmentation, object_region
from fovea.datasets.messages import few
from fovea.datasets.orientation import open_labeled
from fovea.errors import DatasetError


@dataclass(frozen=True, slots=True)
class DatasetImage:
    """One image of a data set."""

    id: int
    path: Path
    width: int
    height: int
    upright: bool = False
    """Whether the labels count pixels of the image as shown, turned by its EXIF orientation."""

    def load(self) -> NDArray[np.uint8]:
        """Read the pixels. The image is turned by its EXIF orientation where ``upright`` is set, or where only that
        gives the size that the data set states.

        Modes of any kind are converted to RGB as ``fovea encode`` does.

        Returns:
            uint8 [H, W, 3], RGB.

        Raises:
            DatasetError: the file does not open as an image, or has another size than the data set states.
        """
        return open_labeled(self.path, (self.width, self.height), self.upright)


@dataclass(frozen=True, slots=True)
class Annotation:
    """One object on an image."""

    image_id: int
    category_id: int
    box: Box
    """Left, top, width, height in pixels."""
    area: float
    """Area in square pixels, of the mask where there is one. COCO's size classes (small, medium, large) depend on
    it."""
    segmentation: Segmentation | None = None
    crowd: bool = False
    """Whether this is a region whose detections count neither as right nor as wrong."""


@dataclass(frozen=True)
class Dataset:
    """Images, and the objects on them."""

    name: str
    images: tuple[DatasetImage, ...]
    annotations: tuple[Annotation, ...]
    categories: Mapping[int, str]
    """Category id to name; empty where there are no labels."""
    notes: tuple[str, ...] = ()
    """Entries that were left out, or read otherwise than they are written: one line for each kind, with the file."""

    def __len__(self) -> int:
        return len(self.images)

    @property
    def labeled(self) -> bool:
        """Whether the data set has ground truth."""
        return bool(self.categories)

    @property
    def masked(self) -> bool:
        """Whether every object has a mask."""
        objects = [annotation for annotation in self.annotations if not annotation.crowd]
        return bool(objects) and all(annotation.segmentation is not None for annotation in objects)

    @cached_property
    def by_image(self) -> Mapping[int, tuple[Annotation, ...]]:
        """The annotations of each image, by image id."""
        found: dict[int, list[Annotation]] = {image.id: [] for image in self.images}
        for annotation in self.annotations:
            found[annotation.image_id].append(annotation)
        return {image_id: tuple(annotations) for image_id, annotations in found.items()}

    def limit(self, count: int) -> "Dataset":
        """Return the first images as a data set.

        Args:
            count: largest number of images, at least 1.

        Returns:
            The smaller data set, with all categories.

        Raises:
            DatasetError: no image would be left.
        """
        if count < 1:
            raise DatasetError(f"cannot be limited to {count} images: take at least 1", path=self.name)
        images = self.images[:count]
        kept = {image.id for image in images}
        annotations = tuple(a for a in self.annotations if a.image_id in kept)
        return replace(self, images=images, annotations=annotations)

    def object_mask(self, image: DatasetImage) -> NDArray[np.bool_]:
        """Return the pixels of an image that belong to objects: their masks, or their boxes where they have no mask.

        Args:
            image: image of this data set.

        Returns:
            bool [H, W], True on objects.
        """
        covered = np.zeros((image.height, image.width), dtype=np.bool_)
        for annotation in self.by_image[image.id]:
            covered |= region(annotation, image)
        return covered

    def category_ids(self, classes: Sequence[str]) -> list[int | None]:
        """Find the category of each class of a recognizer, by name.

        Args:
            classes: names of the recognizer's classes.

        Returns:
            For each class its category id, or None for a class that this data set does not have. Without labels all
            classes have an id: COCO's ids for COCO's classes, else 1, 2, 3, ...

        Raises:
            DatasetError: recognizer and data set have no class in common, or two categories are the same class.
        """
        names = [canonical(name) for name in classes]
        known = {name: number for number, name in COCO_CLASSES.items()}
        if not self.labeled:
            return [known[name] for name in names] if set(names) <= set(known) else [*range(1, len(names) + 1)]
        own: dict[str, int] = {}
        for number, name in self.categories.items():
            # A category without a name is taken as COCO's category of the same id.
            other = own.setdefault(canonical(name or COCO_CLASSES.get(number, "")), number)
            if other != number and canonical(name) in names:
                raise DatasetError(
                    f"its categories {other} ({self.categories[other]}) and {number} ({name}) are the same class of "
                    "the recognizer: make one of them",
                    path=self.name,
                )
        found = [own.get(name) for name in names]
        if not any(number is not None for number in found):
            raise DatasetError(
                f"none of its categories ({few(self.categories.values())}) is a class of the "
                f"recognizer ({few(classes)}): rename them, or take another recognizer",
                path=self.name,
            )
        return found


def region(annotation: Annotation, image: DatasetImage) -> NDArray[np.bool_]:
    """Return the pixels of one object: its mask, or its box where it has no mask.

    Args:
        annotation: the object.
        image: image that the object is on.

    Returns:
        bool [H, W], True on the object.
    """
    return object_region(annotation.segmentation, annotation.box, image.height, image.width)
