"""Reader of the list of annotations in COCO json."""

from collections.abc import Mapping, Sequence
from typing import Any

from fovea.datasets.checks import FAR, flag, number, overlaps_image, whole
from fovea.datasets.dataset import Annotation, DatasetImage
from fovea.datasets.formats.coco_entries import Entry, entry_name, read_each
from fovea.datasets.masks import (
    Box,
    RunLengthCode,
    Segmentation,
    checked_segmentation,
    mask_area,
    mask_box,
    measure_codes,
)
from fovea.datasets.messages import OUTSIDE, Notes, shown
from fovea.datasets.run_length_codes import first_damaged
from fovea.errors import DatasetError, about

_NUMBERS = {int, float}


def read_annotations(
    entries: Sequence[Any], images: Mapping[int, DatasetImage], categories: Mapping[int, str] | None, notes: Notes
) -> tuple[Annotation, ...]:
    """Read all annotations of a data set.

    Args:
        entries: list of annotations in the json.
        images: the images of the data set, by id.
        categories: the categories that the json lists; None where it lists none.
        notes: where to count objects and polygons that are left out.

    Returns:
        The objects, without those that lie outside their image.

    Raises:
        DatasetError: an entry is wrong; names the entry.
    """
    reader = _AnnotationReader(images, categories, notes)
    found = read_each("annotations", entries, reader.read)
    reader.check_codes(entries)
    for index in reader.measure():
        with about(entry=entry_name("annotations", index, entries[index])):
            found[index] = reader.read(index, entries[index])
    return tuple(annotation for annotation in found if annotation is not None)


class _AnnotationReader:
    """Reads annotations one by one, and checks their compressed run-length codes all at once.

    An object whose box or area has to be found from its code is read once more when its code is checked and measured.
    """

    def __init__(self, images: Mapping[int, DatasetImage], categories: Mapping[int, str] | None, notes: Notes) -> None:
        self._images, self._categories, self._notes = images, categories, notes
        self._ids: dict[float | str, int] = {}
        """Index of the annotation that has an id."""
        self._codes: dict[int, tuple[RunLengthCode, DatasetImage]] = {}
        """The masks that are compressed codes, by the index of their annotation, and their images."""
        self._unmeasured: list[int] = []
        self._measured: dict[int, tuple[Box, float]] = {}
        """Box and area of checked codes, by the index of their annotation."""

    def read(self, index: int, entry: Entry) -> Annotation | None:
        """Read one annotation.

        Args:
            index: its place in the list.
            entry: its object of json.

        Returns:
            The annotation; None where the object lies outside its image, or its code has to be measured first.

        Raises:
            DatasetError: a field is wrong.
        """
        self._check_id(entry.get("id"), index)
        image_id = whole(entry.get("image_id"), "image_id")
        image = self._images.get(image_id)
        if image is None:
            raise DatasetError(f"image_id is {image_id}: no image that is listed has this id")
        category = self._category(entry.get("category_id"))
        segmentation = checked_segmentation(entry.get("segmentation"), image.width, image.height)
        bbox, area = entry.get("bbox"), entry.get("area")
        if isinstance(segmentation, dict) and not isinstance(segmentation["counts"], list):
            self._codes[index] = segmentation, image
            if (bbox is None or area is None) and index not in self._measured:
                self._unmeasured.append(index)
                return None
        box = self._box_around(index, segmentation) if bbox is None else _box(bbox)
        if not overlaps_image(box, image.width, image.height):
            self._notes.add(OUTSIDE, entry_name("annotations", index, entry))
            return None
        if segmentation is not entry.get("segmentation"):
            self._note_polygons(index, entry, segmentation)
        if area is None:
            size = self._area(index, segmentation, box)
        else:
            size = number(area, "area", 0, 9 * image.width * image.height)
        return Annotation(image_id, category, box, size, segmentation, flag(entry.get("iscrowd"), "iscrowd"))

    def check_codes(self, entries: Sequence[Any]) -> None:
        """Check the compressed codes of all annotations that were read.

        Raises:
            DatasetError: a code is damaged; names the entry.
        """
        counts = [code["counts"] for code, _ in self._codes.values()]
        damaged = first_damaged(
            [each.encode() if isinstance(each, str) else each for each in counts],
            [image.width * image.height for _, image in self._codes.values()],
        )
        if damaged is not None:
            index = [*self._codes][damaged]
            raise DatasetError(
                "the counts of its segmentation are a damaged run-length code",
                entry=entry_name("annotations", index, entries[index]),
            )

    def measure(self) -> Sequence[int]:
        """Measure the codes of the annotations that wait for it.

        Returns:
            The indices of these annotations.
        """
        measured = measure_codes([self._codes[index][0] for index in self._unmeasured])
        self._measured = dict(zip(self._unmeasured, measured, strict=True))
        return self._unmeasured

    def _check_id(self, value: object, index: int) -> None:
        if value is None:
            return
        if not isinstance(value, (str, int, float)) or isinstance(value, bool) or value != value:
            raise DatasetError(f"id is {shown(value)}: expected a number")
        if self._ids.setdefault(value, index) != index:
            raise DatasetError("another annotation before it has the same id")

    def _category(self, value: object) -> int:
        if value is None and self._categories is None:
            return 0  # objects of no class
        category = whole(value, "category_id")
        if self._categories is not None and category not in self._categories:
            raise DatasetError(f"category_id is {category}: no category that is listed has this id")
        return category

    def _box_around(self, index: int, segmentation: Segmentation | None) -> Box:
        if index in self._measured:
            box, _ = self._measured[index]
        else:
            box = mask_box(segmentation) if segmentation else (0.0, 0.0, 0.0, 0.0)
        if not any(box):
            raise DatasetError("it has neither a bbox nor a mask to make one of")
        return box

    def _area(self, index: int, segmentation: Segmentation | None, box: Box) -> float:
        if index in self._measured:
            return self._measured[index][1]
        return mask_area(segmentation) if segmentation else box[2] * box[3]

    def _note_polygons(self, index: int, entry: Entry, kept: Segmentation | None) -> None:
        if not entry["segmentation"]:
            return  # COCO itself writes an empty list where there is no mask
        name = entry_name("annotations", index, entry)
        if kept is None:
            self._notes.add("objects of which no polygon has an area, which count as their boxes", name)
        else:
            self._notes.add("objects with polygons that have no area, which are left out", name)


def _box(value: object) -> Box:
    if not isinstance(value, list) or len(value) != 4 or not _NUMBERS.issuperset(map(type, value)):
        raise DatasetError(f"bbox is {shown(value)}: expected four finite numbers, left, top, width, height")
    left, top, width, height = value
    if not (-FAR <= left <= FAR and -FAR <= top <= FAR and 0 <= width <= FAR and 0 <= height <= FAR):
        raise DatasetError(
            f"bbox is {shown(value)}: expected four finite numbers, left, top, width, height, the last two not negative"
        )
    return float(left), float(top), float(width), float(height)
