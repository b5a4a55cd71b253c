"""Reader of the list of annotations in COCO json."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fovea.datasets.checks import FAR, flag, number, overlaps_image, whole
from fovea.datasets.dataset import Annotation, DatasetImage
from fovea.datasets.formats.coco_json import Entry, entry_name, read_each
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
from fovea.datasets.run_lengths import first_damaged
from fovea.errors import DatasetError

_NUMBERS = {int, float}


class _Fields(NamedTuple):
    """The fields of an annotation, checked one by one; None where a field is missing."""

    image: DatasetImage
    category: int
    segmentation: Segmentation | None
    box: Box | None
    area: float | None
    crowd: bool


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
    read_each("annotations", entries, reader.check)
    reader.check_codes(entries)
    found = read_each("annotations", entries, reader.make)
    return tuple(annotation for annotation in found if annotation is not None)


class _AnnotationReader:
    """Reads annotations in two passes; between them, compressed codes are checked and measured all at once."""

    def __init__(self, images: Mapping[int, DatasetImage], categories: Mapping[int, str] | None, notes: Notes) -> None:
        self._images, self._categories, self._notes = images, categories, notes
        self._ids: set[float | str] = set()
        self._fields: list[_Fields] = []
        self._codes: dict[int, RunLengthCode] = {}
        """The masks that are compressed run-length codes, by the index of their annotation."""
        self._measured: dict[int, tuple[Box, float]] = {}
        """Box and area of compressed codes, for annotations that state only one of them or none."""

    def check(self, index: int, entry: Entry) -> None:
        """Check the fields of one annotation, in the order of the list.

        Raises:
            DatasetError: a field is wrong.
        """
        self._check_id(entry.get("id"))
        image_id = whole(entry.get("image_id"), "image_id")
        image = self._images.get(image_id)
        if image is None:
            raise DatasetError(f"image_id is {image_id}: no image that is listed has this id")
        category = self._category(entry.get("category_id"))
        segmentation = checked_segmentation(entry.get("segmentation"), image.width, image.height)
        if isinstance(segmentation, dict) and not isinstance(segmentation["counts"], list):
            self._codes[index] = segmentation
        bbox, area = entry.get("bbox"), entry.get("area")
        box = None if bbox is None else _box(bbox)
        size = None if area is None else number(area, "area", 0, 9 * image.width * image.height)
        crowd = flag(entry.get("iscrowd"), "iscrowd")
        self._fields.append(_Fields(image, category, segmentation, box, size, crowd))

    def check_codes(self, entries: Sequence[Any]) -> None:
        """Check the compressed codes of all annotations, and measure those whose box or area is missing.

        Raises:
            DatasetError: a code is damaged.
        """
        indices, codes = [*self._codes], [*self._codes.values()]
        fields = [self._fields[index] for index in indices]
        counts = [code["counts"].encode() if isinstance(code["counts"], str) else code["counts"] for code in codes]
        damaged = first_damaged(counts, [each.image.width * each.image.height for each in fields])
        if damaged is not None:
            raise DatasetError(
                "the counts of its segmentation are a damaged run-length code",
                entry=entry_name("annotations", indices[damaged], entries[indices[damaged]]),
            )
        unmeasured = [
            index for index, each in zip(indices, fields, strict=True) if each.box is None or each.area is None
        ]
        measured = measure_codes([self._codes[index] for index in unmeasured])
        self._measured = dict(zip(unmeasured, measured, strict=True))

    def make(self, index: int, entry: Entry) -> Annotation | None:
        """Return one annotation whose fields are checked; None where the object lies outside its image.

        Raises:
            DatasetError: the object has no box and no mask, or its box reaches far out of the image.
        """
        image, category, segmentation, box, area, crowd = self._fields[index]
        if box is None:
            box = self._box_around(index, segmentation)
        if not overlaps_image(box, image.width, image.height):
            self._notes.add(OUTSIDE, entry_name("annotations", index, entry))
            return None
        if segmentation is not entry.get("segmentation"):
            self._note_polygons(index, entry, segmentation)
        if area is None:
            area = self._area(index, segmentation, box)
        return Annotation(image.id, category, box, area, segmentation, crowd)

    def _check_id(self, value: object) -> None:
        if value is None:
            return
        if not isinstance(value, str | int | float) or isinstance(value, bool) or value != value:
            raise DatasetError(f"id is {shown(value)}: expected a number")
        if value in self._ids:
            raise DatasetError("another annotation before it has the same id")
        self._ids.add(value)

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
