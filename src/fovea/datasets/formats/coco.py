"""Reader of COCO json (https://cocodataset.org/#format-data).

Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014. LVIS (Gupta, Dollár, Girshick, LVIS: A Dataset for
Large Vocabulary Instance Segmentation, CVPR 2019) uses the same format and names images by ``coco_url``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from fovea.datasets.checks import flag, text, whole
from fovea.datasets.classes import COCO_CLASSES, distinct
from fovea.datasets.dataset import Dataset, DatasetImage
from fovea.datasets.formats.coco_annotations import read_annotations
from fovea.datasets.formats.coco_entries import Entry, entries_of, parse, read_each
from fovea.datasets.image_files import find_file, sized_image
from fovea.datasets.messages import Notes, require, shown
from fovea.errors import DatasetError, about


def is_coco(path: Path) -> bool:
    """Tell whether a path names a COCO json file."""
    return path.suffix.lower() == ".json"


def read_coco(json_path: Path, images: Path | None = None) -> Dataset:
    """Read a data set in COCO's format: instances with boxes, polygons or run-length codes.

    Fields that follow from others may be missing: the box and the area of an object that has a mask, the size of an
    image, which its file states, ``iscrowd``, ids of annotations, and the categories. Beyond COCO, ``"upright": true``
    states that the labels of an image count pixels as shown, not as stored.

    Args:
        json_path: path of the json file. Without ``annotations`` it is a data set without labels.
        images: folder of the images. None: the folder of the same name beside the json file, ``images`` or ``data``
            beside it, or its own folder; and beside a folder of annotations, ``images`` or the last word of the name
            of the json file, as in ``annotations/instances_val2017.json`` and ``val2017``.

    Returns:
        The data set.

    Raises:
        DatasetError: the file is no such json, names images that do not exist, or contradicts itself.
    """
    notes = Notes()
    with about(json_path):
        content = parse(json_path)
        listed = _images(entries_of(content, "images"), [images] if images else _places(json_path))
        if "annotations" not in content:
            return Dataset(json_path.stem, listed, (), {})
        categories = _categories(content)
        by_id = {image.id: image for image in listed}
        objects = read_annotations(entries_of(content, "annotations"), by_id, categories, notes)
        used = {each.category_id for each in objects}
        names = distinct(categories or dict.fromkeys(sorted(used), ""), used)
    for number in sorted(used):
        if not names[number] and number in COCO_CLASSES:
            notes.add("categories without a name, which are taken as COCO's of the same number", number)
    return Dataset(json_path.stem, listed, objects, names, notes.lines(json_path))


def _places(path: Path) -> list[Path]:
    beside, above = path.parent, path.parent.parent
    return [
        path.with_suffix(""),
        *(beside / "images", beside / "data", beside),
        *(above / "images", above / path.stem.rpartition("_")[2]),
    ]


def _images(entries: list[Any], places: list[Path]) -> tuple[DatasetImage, ...]:
    ids: set[int] = set()
    files: dict[Path, int] = {}
    missing: list[str] = []

    def read(_index: int, entry: Entry) -> DatasetImage | None:
        number = whole(entry.get("id"), "id")
        if number in ids:
            raise DatasetError("another image before it has the same id")
        ids.add(number)
        file_name = _file_name(entry)
        file = find_file(places, file_name)
        if file is None:
            missing.append(file_name)
            return None
        if (other := files.setdefault(file, number)) != number:
            raise DatasetError(f"file_name is {shown(file_name)}: image {other} has the same file")
        upright = flag(entry.get("upright"), "upright")
        return sized_image(file, number, entry.get("width"), entry.get("height"), upright)

    listed = [image for image in read_each("images", entries, read) if image is not None]
    if not listed:
        looked = ", ".join(map(str, places))
        raise DatasetError(f"its images ({missing[0]!r}, ...) are in none of {looked}: name their folder")
    require(missing, f"images not found in {listed[0].path.parent}")
    return tuple(listed)


def _file_name(entry: Entry) -> str:
    if entry.get("file_name") is None and "coco_url" in entry:  # LVIS
        return unquote(urlsplit(text(entry["coco_url"], "coco_url")).path).lstrip("/")
    return text(entry.get("file_name"), "file_name")


def _categories(content: Entry) -> Mapping[int, str] | None:
    if content.get("categories") is None:
        return None
    found: dict[int, str] = {}

    def read(_index: int, entry: Entry) -> None:
        number, name = whole(entry.get("id"), "id"), entry.get("name")
        if number in found:
            raise DatasetError("another category before it has the same id")
        found[number] = "" if name in (None, "") else str(name) if type(name) is int else text(name, "name")

    read_each("categories", entries_of(content, "categories"), read)
    return found
