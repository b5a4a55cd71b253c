"""Reads single annotations of COCO json."""

from collections.abc import Mapping
from typing import Any

from fovea.datasets.checks import FAR, WrongError, flag, number, whole
from fovea.datasets.dataset import Annotation, DatasetImage
from fovea.datasets.images import lies_on
from fovea.datasets.masks import Box, Segmentation, checked_segmentation, mask_area, mask_box
from fovea.datasets.messages import OUTSIDE, Notes, entry_name, shown
from fovea.datasets.run_lengths import first_damaged

DAMAGED = "the counts of its segmentation are a damaged run-length code"
_NUMBERS = {int, float}


class Objects:
    """Reads annotations, one call each.

    Args:
        images: of the data set, by id.
        categories: that it lists; None where it lists none.
        notes: where what is left out is counted.
    """

    def __init__(self, images: Mapping[int, DatasetImage], categories: Mapping[int, str] | None, notes: Notes) -> None:
        self._images, self._categories, self._notes = images, categories, notes
        self._ids: set[float | str] = set()
        self._codes: dict[int, bytes] = {}
        self._pixels: dict[int, int] = {}

    def __call__(self, index: int, told: Mapping[str, Any]) -> Annotation | None:
        """Reads one.

        Args:
            index: of the annotation in its list.
            told: what the json says.

        Returns:
            The object; None where it lies outside its image. Compressed codes are left to :meth:`first_damaged`,
            which checks many at once.

        Raises:
            WrongError: something is wrong with it.
        """
        self._check_id(told.get("id"))
        image_id = whole(told.get("image_id"), "image_id")
        image = self._images.get(image_id)
        if image is None:
            raise WrongError(f"image_id is {image_id}: no image that is listed has this id")
        category = self._category(told.get("category_id"))
        segmentation = checked_segmentation(told.get("segmentation"), image.width, image.height)
        bbox, area = told.get("bbox"), told.get("area")
        if isinstance(segmentation, dict) and not isinstance(counts := segmentation["counts"], list):
            self._codes[index] = counts.encode() if isinstance(counts, str) else counts
            self._pixels[index] = image.width * image.height
            if (bbox is None or area is None) and first_damaged([self._codes[index]], [self._pixels[index]]) == 0:
                raise WrongError(DAMAGED)
        box = _box_around(segmentation) if bbox is None else _box(bbox)
        if not lies_on(image, box):
            self._notes.add(OUTSIDE, entry_name("annotations", index, told))
            return None
        if segmentation is not told.get("segmentation"):
            self._note_polygons(index, told, segmentation)
        if area is None:
            size = mask_area(segmentation) if segmentation else box[2] * box[3]
        else:
            size = number(area, "area", 0, 9 * image.width * image.height)
        return Annotation(image_id, category, box, size, segmentation, flag(told.get("iscrowd"), "iscrowd"))

    def first_damaged(self) -> int | None:
        """Index of the first annotation with a damaged run-length code, of all that were read."""
        first = first_damaged([*self._codes.values()], [*self._pixels.values()])
        return None if first is None else [*self._codes][first]

    def _check_id(self, told: object) -> None:
        if told is None:
            return
        if not isinstance(told, str | int | float) or isinstance(told, bool) or told != told:
            raise WrongError(f"id is {shown(told)}: expected a number")
        if told in self._ids:
            raise WrongError("another annotation before it has the same id")
        self._ids.add(told)

    def _category(self, told: object) -> int:
        if told is None and self._categories is None:
            return 0  # objects of no class
        category = whole(told, "category_id")
        if self._categories is not None and category not in self._categories:
            raise WrongError(f"category_id is {category}: no category that is listed has this id")
        return category

    def _note_polygons(self, index: int, told: Mapping[str, Any], kept: Segmentation | None) -> None:
        if not told["segmentation"]:
            return  # an empty list, as COCO itself writes it, says that there is none
        name = entry_name("annotations", index, told)
        if kept is None:
            self._notes.add("objects of which no polygon has an area, which count as their boxes", name)
        else:
            self._notes.add("objects with polygons that have no area, which are left out", name)


def _box(told: object) -> Box:
    if not isinstance(told, list) or len(told) != 4 or not _NUMBERS.issuperset(map(type, told)):
        raise WrongError(f"bbox is {shown(told)}: expected four finite numbers, left, top, width, height")
    left, top, width, height = told
    if not (-FAR <= left <= FAR and -FAR <= top <= FAR and 0 <= width <= FAR and 0 <= height <= FAR):
        raise WrongError(
            f"bbox is {shown(told)}: expected four finite numbers, left, top, width, height, the last two not negative"
        )
    return float(left), float(top), float(width), float(height)


def _box_around(segmentation: Segmentation | None) -> Box:
    box = mask_box(segmentation) if segmentation else (0.0, 0.0, 0.0, 0.0)
    if not any(box):
        raise WrongError("it has neither a bbox nor a mask to make one of")
    return box
