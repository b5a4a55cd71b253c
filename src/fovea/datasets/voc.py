"""Reads Pascal VOC xml."""

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fovea.datasets.checks import FAR, WrongError, flag, parsed, text
from fovea.datasets.dataset import Annotation, Dataset, DatasetImage
from fovea.datasets.images import lies_on, sized_image
from fovea.datasets.masks import Box
from fovea.datasets.messages import OUTSIDE, Notes, require, shown
from fovea.datasets.text import read_text
from fovea.datasets.voc_images import VocImages
from fovea.errors import DatasetError

_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)""")
_SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030"}
"""Encodings whose names are also written where letters of a larger one are used."""


class _Object(NamedTuple):
    name: str
    box: Box
    difficult: bool


def read_voc(folder: Path, images: Path | None = None) -> Dataset:
    """Reads a folder of Pascal VOC xml files, one an image.

    Corners in VOC are whole pixels counted from 1, both included. Objects marked ``difficult`` count
    neither as found nor as missed.

    Args:
        folder: the folder of xml files, or the one above it that holds ``Annotations``; files in folders inside it
            are read, too.
        images: folder of the images, which are named like the xml files, or else as these say; None: ``JPEGImages``,
            ``images`` or ``data`` beside ``Annotations``, or the folder of the xml files.

    Returns:
        The data set; categories are numbered from 1 in the order of their names.

    Raises:
        DatasetError: there are no xml files, one is broken, or images are missing.
    """
    inner = folder / "Annotations"
    inner = inner if inner.is_dir() else folder
    files = sorted(path for path in inner.rglob("*") if path.suffix.lower() == ".xml" and path.is_file())
    if not files:
        raise DatasetError(f"{folder}: holds no xml files")
    places = [images] if images else [*(inner.parent / name for name in ("JPEGImages", "images", "data")), folder]
    known, notes = VocImages(places), Notes()
    listed: list[DatasetImage] = []
    objects: list[tuple[int, _Object]] = []
    missing: list[str] = []
    for file in files:
        root = _parse(file)
        called = (root.findtext("filename") or "").strip()
        try:
            path = known.find(file, file.parent.relative_to(inner), called, notes)
            if path is None:
                missing.append(called or file.stem)
                continue
            width, height = ((root.findtext(f"size/{side}") or "").strip() for side in ("width", "height"))
            image = sized_image(path, len(listed) + 1, width, height)
        except WrongError as error:
            raise DatasetError(f"{file}: {error}") from error
        listed.append(image)
        objects += [(image.id, thing) for thing in _objects(file, root, image, notes)]
    require(missing, f"{folder}: images not found in {', '.join(map(str, places))}")
    for name in known.unlabeled():
        notes.add("images without an xml file, which are left out", name)
    numbers = {name: number for number, name in enumerate(sorted({thing.name for _, thing in objects}), 1)}
    annotations = tuple(
        Annotation(image_id, numbers[thing.name], thing.box, thing.box[2] * thing.box[3], crowd=thing.difficult)
        for image_id, thing in objects
    )
    categories = {number: name for name, number in numbers.items()}
    return Dataset(folder.name, tuple(listed), annotations, categories, notes.lines(folder))


def _parse(file: Path) -> ElementTree.Element:
    content = read_text(file, _encoding)
    if "<!ENTITY" in content:
        raise DatasetError(f"{file}: is no Pascal VOC xml: it declares entities")
    try:
        root = ElementTree.fromstring(content.lstrip())
    except (ElementTree.ParseError, ValueError) as error:
        raise DatasetError(f"{file}: is no xml: {error}") from error
    if root.tag != "annotation":
        raise DatasetError(f"{file}: is no Pascal VOC xml: it holds {shown(root.tag)}: expected 'annotation'")
    return root


def _encoding(data: bytes) -> str:
    marked = json.detect_encoding(data)
    if marked != "utf-8" or (declared := _DECLARED.match(data)) is None:
        return marked
    name = declared[1].decode().lower()
    return _SUPERSETS.get(name, name)


def _objects(file: Path, root: ElementTree.Element, image: DatasetImage, notes: Notes) -> Iterator[_Object]:
    for index, thing in enumerate(root.findall("object"), 1):
        try:
            found = _Object(text(_text(thing, "name"), "name"), _box(thing), _difficult(thing))
            if lies_on(image, found.box):
                yield found
            else:
                notes.add(OUTSIDE, f"{file.name}: object {index}")
        except WrongError as error:
            raise error.within(file, f"object {index}") from error


def _text(element: ElementTree.Element, tag: str) -> str:
    found = element.findtext(tag)
    if found is None:
        raise WrongError(f"has no <{tag}>")
    return found.strip()


def _box(thing: ElementTree.Element) -> Box:
    # An object of the layout of persons has parts with boxes of their own: only its children are looked at.
    box = thing.find("bndbox")
    if box is None:
        raise WrongError("has no <bndbox>")
    x1, y1, x2, y2 = (parsed(_text(box, side), side, -FAR, FAR) for side in ("xmin", "ymin", "xmax", "ymax"))
    if x1 > x2 or y1 > y2:
        raise WrongError(f"its corners are ({x1:g}, {y1:g}) and ({x2:g}, {y2:g}): expected the upper left one first")
    return x1 - 1, y1 - 1, x2 - x1 + 1, y2 - y1 + 1


def _difficult(thing: ElementTree.Element) -> bool:
    return flag((thing.findtext("difficult") or "").strip() or None, "difficult")
