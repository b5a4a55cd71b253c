"""Reads COCO json."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from fovea.datasets.checks import WrongError, flag, text, whole
from fovea.datasets.classes import COCO_CLASSES, distinct
from fovea.datasets.coco_objects import DAMAGED, Objects
from fovea.datasets.dataset import Dataset, DatasetImage
from fovea.datasets.images import find_file, sized_image
from fovea.datasets.messages import Notes, entry_name, few, require, shown
from fovea.datasets.text import read_text
from fovea.errors import DatasetError

Told = dict[str, Any]
Read = TypeVar("Read")


def read_coco(json_path: Path, images: Path | None = None) -> Dataset:
    """Reads a data set in COCO's format: instances with boxes, polygons or run-length codes.

    What other fields tell may be left out: the box and the area of an object that has a mask, the size of an image,
    which its file tells, ``iscrowd``, ids of annotations, and the categories. Beyond COCO, ``"upright": true`` says of
    an image that its labels count pixels as shown, not as stored.

    Args:
        json_path: the json file. Without ``annotations`` it is a set with no labels.
        images: folder of the images; None: the folder of the same name beside the json, ``images`` or ``data`` beside
            it, or its own folder; and beside a folder of annotations, ``images`` or what the json's name ends with,
            as in ``annotations/instances_val2017.json`` and ``val2017``.

    Returns:
        The data set.

    Raises:
        DatasetError: the file is no such json, names images that are not there, or contradicts itself.
    """
    found = _parse(json_path)
    listed = _images(json_path, found["images"], [images] if images else _places(json_path))
    if "annotations" not in found:
        return Dataset(json_path.stem, listed, (), {})
    told, categories = _list(json_path, found, "annotations"), _categories(json_path, found.get("categories"))
    notes = Notes()
    read = Objects({image.id: image for image in listed}, categories, notes)
    objects = tuple(each for each in _each(json_path, "annotations", told, read) if each is not None)
    if (damaged := read.first_damaged()) is not None:
        raise WrongError(DAMAGED).within(json_path, entry_name("annotations", damaged, told[damaged]))
    used = {each.category_id for each in objects}
    names = distinct(categories or dict.fromkeys(sorted(used), ""), used, json_path)
    for number in sorted(used):
        if not names[number] and number in COCO_CLASSES:
            notes.add("categories without a name, which are taken as COCO's of the same number", number)
    return Dataset(json_path.stem, listed, objects, names, notes.lines(json_path))


def _parse(path: Path) -> Told:
    content = read_text(path)
    try:
        found = json.loads(content, object_pairs_hook=_unique)
    except WrongError as error:
        raise DatasetError(f"{path}: {error}") from error
    except ValueError as error:
        raise DatasetError(f"{path}: is no json: {error if content.strip() else 'it is empty'}") from error
    except RecursionError as error:
        raise DatasetError(f"{path}: is no COCO json: it is nested too deeply") from error
    if not isinstance(found, dict) or "images" not in found:
        raise DatasetError(f"{path}: is no COCO json: it has no list 'images', only {_kind(found)}")
    if not _list(path, found, "images"):
        raise DatasetError(f"{path}: lists no images")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> Told:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise WrongError(f"{shown(twice)} stands twice in one entry (its id: {shown(found.get('id'))})")
    return found


def _kind(found: object) -> str:
    return f"the keys {few(found)}" if isinstance(found, dict) else shown(found)


def _list(path: Path, found: Told, key: str) -> list[Any]:
    entries = found[key]
    if not isinstance(entries, list):
        raise DatasetError(f"{path}: is no COCO json: {key} is {shown(entries)}: expected a list")
    return entries


def _each(path: Path, key: str, entries: Sequence[Any], read: Callable[[int, Told], Read]) -> list[Read]:
    """Reads all entries of a list. An error tells which entry it is about."""
    found = []
    for index, told in enumerate(entries):
        try:
            if not isinstance(told, dict):
                raise WrongError(f"is {shown(told)}: expected an object of json")
            found.append(read(index, told))
        except WrongError as error:
            raise error.within(path, entry_name(key, index, told)) from error
    return found


def _places(path: Path) -> list[Path]:
    beside, above = path.parent, path.parent.parent
    return [
        path.with_suffix(""),
        *(beside / "images", beside / "data", beside),
        *(above / "images", above / path.stem.rpartition("_")[2]),
    ]


def _images(path: Path, entries: list[Any], places: list[Path]) -> tuple[DatasetImage, ...]:
    ids: set[int] = set()
    files: dict[Path, int] = {}
    missing: list[str] = []

    def read(_index: int, told: Told) -> DatasetImage | None:
        number = whole(told.get("id"), "id")
        if number in ids:
            raise WrongError("another image before it has the same id")
        ids.add(number)
        file_name = _file_name(told)
        file = find_file(places, file_name)
        if file is None:
            missing.append(file_name)
            return None
        if (other := files.setdefault(file, number)) != number:
            raise WrongError(f"file_name is {shown(file_name)}: image {other} has the same file")
        return sized_image(file, number, told.get("width"), told.get("height"), flag(told.get("upright"), "upright"))

    listed = [image for image in _each(path, "images", entries, read) if image is not None]
    if not listed:
        looked = ", ".join(map(str, places))
        raise DatasetError(f"{path}: its images ({missing[0]!r}, ...) are in none of {looked}: name their folder")
    require(missing, f"{path}: images not found in {listed[0].path.parent}")
    return tuple(listed)


def _file_name(told: Told) -> str:
    if told.get("file_name") is None and "coco_url" in told:  # LVIS
        return unquote(urlsplit(text(told["coco_url"], "coco_url")).path).lstrip("/")
    return text(told.get("file_name"), "file_name")


def _categories(path: Path, entries: Any) -> Mapping[int, str] | None:
    if entries is None:
        return None
    found: dict[int, str] = {}

    def read(_index: int, told: Told) -> None:
        number, name = whole(told.get("id"), "id"), told.get("name")
        if number in found:
            raise WrongError("another category before it has the same id")
        found[number] = "" if name in (None, "") else str(name) if type(name) is int else text(name, "name")

    _each(path, "categories", _list(path, {"categories": entries}, "categories"), read)
    return found
