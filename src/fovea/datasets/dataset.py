"""One data set in memory, whatever format it was written in. Pixels stay on disk until they are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fovea.datasets.classes import COCO_CLASSES, canonical
from fovea.datasets.masks import Box, Segmentation, object_region
from fovea.datasets.messages import few
from fovea.errors import DatasetError
from fovea.picture import open_labeled


@dataclass(frozen=True, slots=True)
class DatasetImage:
    """One image of a data set."""

    id: int
    path: Path
    width: int
    height: int
    upright: bool = False
    """Whether the labels are made for the image turned as its EXIF tag says."""

    def load(self) -> NDArray[np.uint8]:
        """Reads the pixels, turned as EXIF says where ``upright`` says so or only that gives the right size.

        Modes of any kind become RGB as in ``fovea encode``.

        Returns:
            uint8 [H, W, 3], RGB.

        Raises:
            DatasetError: the file does not open, or has another size than the data set says.
        """
        return open_labeled(self.path, (self.width, self.height), self.upright)


@dataclass(frozen=True, slots=True)
class Annotation:
    """One object."""

    image_id: int
    category_id: int
    box: Box
    """Left, top, width, height in pixels."""
    area: float
    """In square pixels, of the mask where there is one: decides whether COCO calls the object small."""
    segmentation: Segmentation | None = None
    crowd: bool = False
    """A region whose detections count neither as right nor as wrong."""


@dataclass(frozen=True)
class Dataset:
    """Images and what is on them."""

    name: str
    images: tuple[DatasetImage, ...]
    annotations: tuple[Annotation, ...]
    categories: Mapping[int, str]
    """Category id to name; empty where there are no labels."""
    notes: tuple[str, ...] = ()
    """What was left out, or taken otherwise than it is written: one line for each kind, with the file it is about."""

    def __len__(self) -> int:
        return len(self.images)

    @property
    def labeled(self) -> bool:
        """Whether there is ground truth."""
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
        """Keeps the first images.

        Args:
            count: at most so many.

        Returns:
            The smaller data set, with all categories.

        Raises:
            DatasetError: nothing would be left.
        """
        if count < 1:
            raise DatasetError(f"{self.name}: cannot be limited to {count} images: take at least 1")
        images = self.images[:count]
        kept = {image.id for image in images}
        annotations = tuple(a for a in self.annotations if a.image_id in kept)
        return replace(self, images=images, annotations=annotations)

    def object_mask(self, image: DatasetImage) -> NDArray[np.bool_]:
        """Marks the pixels that belong to objects: their masks, or their boxes where they have none.

        Args:
            image: an image of this data set.

        Returns:
            [H, W], True on objects.
        """
        marked = np.zeros((image.height, image.width), dtype=np.bool_)
        for annotation in self.by_image[image.id]:
            marked |= region(annotation, image)
        return marked

    def category_ids(self, classes: Sequence[str]) -> list[int | None]:
        """Finds the category of each class of a recognizer, by name.

        Args:
            classes: names of the recognizer's classes.

        Returns:
            For each class its category id, None for a class this data set does not know. Without labels all
            classes have one: COCO's ids for COCO's classes, else 1, 2, 3, ...

        Raises:
            DatasetError: recognizer and data set have no class in common, or two categories are the same class.
        """
        names = [canonical(name) for name in classes]
        known = {name: number for number, name in COCO_CLASSES.items()}
        if not self.labeled:
            return [known[name] for name in names] if set(names) <= set(known) else [*range(1, len(names) + 1)]
        own: dict[str, int] = {}
        for number, name in self.categories.items():
            # A category that is only numbered is taken as COCO's of that number.
            other = own.setdefault(canonical(name or COCO_CLASSES.get(number, "")), number)
            if other != number and canonical(name) in names:
                raise DatasetError(
                    f"{self.name}: its categories {other} ({self.categories[other]}) and {number} ({name}) are the "
                    "same class of the recognizer: make one of them"
                )
        found = [own.get(name) for name in names]
        if not any(number is not None for number in found):
            raise DatasetError(
                f"{self.name}: none of its categories ({few(self.categories.values())}) is a class of the "
                f"recognizer ({few(classes)}): rename them, or take another recognizer"
            )
        return found


def region(annotation: Annotation, image: DatasetImage) -> NDArray[np.bool_]:
    """Marks the pixels of one object: its mask, or its box where it has none.

    Args:
        annotation: the object.
        image: the image it lies on.

    Returns:
        [H, W], True on the object.
    """
    return object_region(annotation.segmentation, annotation.box, image.height, image.width)
