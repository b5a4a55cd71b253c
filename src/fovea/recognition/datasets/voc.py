"""Reads Pascal VOC xml."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from fovea.errors import DatasetError
from fovea.recognition.datasets.dataset import Annotation, Dataset, DatasetImage, image_header, require


def read_voc(folder: Path, images: Path | None = None) -> Dataset:
    """Reads a folder of Pascal VOC xml files, one an image.

    Corners in VOC are whole pixels counted from 1, both included. Objects marked ``difficult`` count
    neither as found nor as missed.

    Args:
        folder: the folder of xml files, or the one above it that holds ``Annotations``.
        images: folder of the images; None: ``JPEGImages`` or ``images`` beside ``Annotations``, or the folder
            of the xml files.

    Returns:
        The data set; categories are numbered from 1 in the order of their names.

    Raises:
        DatasetError: there are no xml files, one is broken, or images are missing.
    """
    inner = folder / "Annotations"
    files = sorted((inner if inner.is_dir() else folder).glob("*.xml"))
    if not files:
        raise DatasetError(f"{folder}: holds no xml files")
    roots = [_parse(file) for file in files]
    places = [images] if images else [files[0].parent.parent / "JPEGImages", files[0].parent.parent / "images", folder]
    paths = [_image_path(file, root, places) for file, root in zip(files, roots, strict=True)]
    require(
        [path.name for path in paths if not path.is_file()],
        f"{folder}: images not found in {paths[0].parent}",
    )
    names = sorted({_text(thing, "name", folder) for root in roots for thing in root.iter("object")})
    numbers = {name: number for number, name in enumerate(names, 1)}
    listed, annotations = [], []
    for number, (path, file, root) in enumerate(zip(paths, files, roots, strict=True), 1):
        listed.append(_image(path, number, root))
        annotations += [_annotation(thing, number, numbers, file) for thing in root.iter("object")]
    return Dataset(folder.name, tuple(listed), tuple(annotations), {number: name for name, number in numbers.items()})


def _parse(file: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(file).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise DatasetError(f"{file}: is no xml: {error}") from error


def _text(element: ElementTree.Element, tag: str, file: Path) -> str:
    text = element.findtext(tag)
    if text is None:
        raise DatasetError(f"{file}: an object has no <{tag}>")
    return text.strip()


def _image_path(file: Path, root: ElementTree.Element, places: list[Path]) -> Path:
    name = (root.findtext("filename") or f"{file.stem}.jpg").strip()
    return next((place / name for place in places if (place / name).is_file()), places[0] / name)


def _image(path: Path, number: int, root: ElementTree.Element) -> DatasetImage:
    try:
        return DatasetImage(number, path, int(root.findtext("size/width", "")), int(root.findtext("size/height", "")))
    except ValueError:
        return image_header(path, number)


def _annotation(thing: ElementTree.Element, image_id: int, numbers: dict[str, int], file: Path) -> Annotation:
    box = thing.find("bndbox")
    if box is None:
        raise DatasetError(f"{file}: an object has no <bndbox>")
    try:
        x1, y1, x2, y2 = (float(_text(box, corner, file)) for corner in ("xmin", "ymin", "xmax", "ymax"))
    except ValueError as error:
        raise DatasetError(f"{file}: a corner is no number: {error}") from error
    width, height = x2 - x1 + 1, y2 - y1 + 1
    return Annotation(
        image_id=image_id,
        category_id=numbers[_text(thing, "name", file)],
        box=(x1 - 1, y1 - 1, width, height),
        area=width * height,
        crowd=thing.findtext("difficult", "0").strip() == "1",
    )
