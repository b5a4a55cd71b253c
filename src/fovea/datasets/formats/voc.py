"""Reader of Pascal VOC xml.

Everingham et al., The Pascal Visual Object Classes (VOC) Challenge, International Journal of Computer Vision 88, 2010.
"""

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fovea.datasets.checks import FAR, flag, overlaps_image, parsed, text
from fovea.datasets.dataset import Annotation, Dataset, DatasetImage
from fovea.datasets.formats.voc_images import VocImages
from fovea.datasets.image_files import sized_image
from fovea.datasets.masks import Box
from fovea.datasets.messages import OUTSIDE, Notes, require, shown
from fovea.datasets.text_files import read_text
from fovea.errors import DatasetError, about

_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)""")
_SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030"}
"""Encodings that files declare although they use letters of a larger encoding, and that larger encoding."""


class _Object(NamedTuple):
    name: str
    box: Box
    difficult: bool


def is_voc(path: Path) -> bool:
    """Tell whether a path is a folder of xml files, or one that holds ``Annotations``."""
    return (path / "Annotations").is_dir() or any(path.glob("*.[xX][mM][lL]"))


def read_voc(folder: Path, images: Path | None = None) -> Dataset:
    """Read a folder of Pascal VOC xml files, one file for each image.

    Corners in VOC are whole pixels counted from 1, and a box includes both. Detections of objects marked
    ``difficult`` count neither as right nor as wrong.

    Args:
        folder: folder of the xml files, or the folder that holds it as ``Annotations``. Folders inside it are searched,
            too.
        images: folder of the images, which are named like the xml files or else as these state. None: ``JPEGImages``,
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
        raise DatasetError("holds no xml files", path=folder)
    places = [images] if images else [*(inner.parent / name for name in ("JPEGImages", "images", "data")), folder]
    known, notes = VocImages(places), Notes()
    listed: list[DatasetImage] = []
    objects: list[tuple[int, _Object]] = []
    missing: list[str] = []
    for file in files:
        with about(file):
            root = _parse(file)
            name = (root.findtext("filename") or "").strip()
            path = known.find(file, file.parent.relative_to(inner), name, notes)
            if path is None:
                missing.append(name or file.stem)
                continue
            width, height = ((root.findtext(f"size/{side}") or "").strip() for side in ("width", "height"))
            image = sized_image(path, len(listed) + 1, width, height)
            listed.append(image)
            objects += [(image.id, found) for found in _objects(file, root, image, notes)]
    with about(folder):
        require(missing, f"images not found in {', '.join(map(str, places))}")
    for name in known.unlabeled():
        notes.add("images without an xml file, which are left out", name)
    numbers = {name: number for number, name in enumerate(sorted({found.name for _, found in objects}), 1)}
    annotations = tuple(
        Annotation(image_id, numbers[found.name], found.box, found.box[2] * found.box[3], crowd=found.difficult)
        for image_id, found in objects
    )
    categories = {number: name for name, number in numbers.items()}
    return Dataset(folder.name, tuple(listed), annotations, categories, notes.lines(folder))


def _parse(file: Path) -> ElementTree.Element:
    content = read_text(file, _encoding)
    if "<!ENTITY" in content:
        raise DatasetError("is no Pascal VOC xml: it declares entities")
    try:
        root = ElementTree.fromstring(content.lstrip())
    except (ElementTree.ParseError, ValueError) as error:
        raise DatasetError(f"is no xml: {error}") from error
    if root.tag != "annotation":
        raise DatasetError(f"is no Pascal VOC xml: it holds {shown(root.tag)}: expected 'annotation'")
    return root


def _encoding(data: bytes) -> str:
    marked = json.detect_encoding(data)
    if marked != "utf-8" or (declared := _DECLARED.match(data)) is None:
        return marked
    name = declared[1].decode().lower()
    return _SUPERSETS.get(name, name)


def _objects(file: Path, root: ElementTree.Element, image: DatasetImage, notes: Notes) -> Iterator[_Object]:
    for index, element in enumerate(root.findall("object"), 1):
        with about(entry=f"object {index}"):
            found = _Object(text(_text(element, "name"), "name"), _box(element), _difficult(element))
            inside = overlaps_image(found.box, image.width, image.height)
        if inside:
            yield found
        else:
            notes.add(OUTSIDE, f"{file.name}: object {index}")


def _text(element: ElementTree.Element, tag: str) -> str:
    found = element.findtext(tag)
    if found is None:
        raise DatasetError(f"has no <{tag}>")
    return found.strip()


def _box(element: ElementTree.Element) -> Box:
    # Objects of the person layout task have parts with boxes of their own: only direct children are searched.
    box = element.find("bndbox")
    if box is None:
        raise DatasetError("has no <bndbox>")
    x1, y1, x2, y2 = (parsed(_text(box, side), side, -FAR, FAR) for side in ("xmin", "ymin", "xmax", "ymax"))
    if x1 > x2 or y1 > y2:
        raise DatasetError(f"its corners are ({x1:g}, {y1:g}) and ({x2:g}, {y2:g}): expected the upper left one first")
    return x1 - 1, y1 - 1, x2 - x1 + 1, y2 - y1 + 1


def _difficult(element: ElementTree.Element) -> bool:
    return flag((element.findtext("difficult") or "").strip() or None, "difficult")
