"""The structure of COCO json: an object with lists of entries, each entry an object of its own."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from fovea.datasets.messages import few, shown
from fovea.datasets.text_files import read_text
from fovea.errors import DatasetError, FoveaError, about

Entry = dict[str, Any]
"""An object of json."""
_Read = TypeVar("_Read")
_SINGULAR = {"images": "image", "annotations": "annotation", "categories": "category"}


def parse(path: Path) -> Entry:
    """Read a COCO json file.

    Args:
        path: path of the file.

    Returns:
        Its content, which has a list of images that is not empty.

    Raises:
        DatasetError: the file cannot be read, is no json, or has no list of images.
    """
    content = read_text(path)
    try:
        found = json.loads(content, object_pairs_hook=_unique)
    except ValueError as error:
        raise DatasetError(f"is no json: {error if content.strip() else 'it is empty'}") from error
    except RecursionError as error:
        raise DatasetError("is no COCO json: it is nested too deeply") from error
    if not isinstance(found, dict) or "images" not in found:
        raise DatasetError(f"is no COCO json: it has no list 'images', only {_kind(found)}")
    if not entries_of(found, "images"):
        raise DatasetError("lists no images")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> Entry:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DatasetError(f"{shown(twice)} stands twice in one entry (its id: {shown(found.get('id'))})")
    return found


def _kind(found: object) -> str:
    return f"the keys {few(found)}" if isinstance(found, dict) else shown(found)


def entries_of(content: Entry, key: str) -> list[Any]:
    """Return the list of entries under a key.

    Raises:
        DatasetError: the value is no list.
    """
    entries = content[key]
    if not isinstance(entries, list):
        raise DatasetError(f"is no COCO json: {key} is {shown(entries)}: expected a list")
    return entries


def read_each(key: str, entries: Sequence[Any], read: Callable[[int, Entry], _Read]) -> list[_Read]:
    """Read all entries of a list. An error names the entry that it is about.

    Args:
        key: key of the list, such as "annotations".
        entries: the list.
        read: function that reads one entry, given its index and its object of json.

    Returns:
        What ``read`` returned for each entry.

    Raises:
        DatasetError: an entry is no object of json, or ``read`` refuses it.
    """
    found = []
    for index, entry in enumerate(entries):
        try:
            if not isinstance(entry, dict):
                raise DatasetError(f"is {shown(entry)}: expected an object of json")
            found.append(read(index, entry))
        except FoveaError:
            with about(entry=entry_name(key, index, entry)):
                raise
    return found


def entry_name(key: str, index: int, entry: object) -> str:
    """Return the name of an entry in messages: its id, or its place in the list where it has no id.

    Example:
        >>> entry_name("annotations", 3, {"id": 4711}), entry_name("annotations", 3, {})
        ('annotation 4711', 'annotations[3]')
    """
    number = entry.get("id") if isinstance(entry, dict) else None
    if type(number) is int or (isinstance(number, str) and number):
        return f"{_SINGULAR[key]} {shown(number)}"
    return f"{key}[{index}]"
