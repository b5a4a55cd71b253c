"""Reads the description of a YOLO data set: which images it has, and the names of its classes."""

import os
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from fovea.datasets.checks import WrongError, text, whole
from fovea.datasets.classes import distinct
from fovea.datasets.dataset import Annotation, Dataset
from fovea.datasets.images import find_file, find_images, image_header
from fovea.datasets.messages import Notes, printable, require, shown
from fovea.datasets.text import read_text
from fovea.datasets.yolo_labels import label_file, read_labels
from fovea.errors import DatasetError
from fovea.picture import image_suffixes

_BESIDE = (".txt", ".cache")
"""Suffixes of labels, and of what trainers keep of them."""
_NOTHING = ("", "~", "null", "Null", "NULL")


def read_yolo(path: Path, images: Path | None = None) -> Dataset:
    """Reads a data set in the format of the YOLO trainers: a txt file an image, boxes or polygons.

    Of a set of poses (``kpt_shape``) the boxes are read, and the keypoints are not.

    Args:
        path: the yaml file that names the classes and the folder of images, or its folder (``data.yaml``).
        images: folder of the images; None: what the yaml calls ``val``, else ``test``, else ``train``. That may be
            a folder, a text file that lists images by paths relative to its own folder, or a list of several of
            these. Folders inside a folder are searched, too. Labels lie in the folder of the same name under
            ``labels`` instead of ``images``, or beside the images; an image without a file has no objects.

    Returns:
        The data set; category ids are the class numbers of the files.

    Raises:
        DatasetError: the yaml or a label file is broken, images are missing, or there are no label files.
    """
    file = path / "data.yaml" if path.is_dir() else path
    told = _parse(file)
    try:
        categories, keypoints = _categories(told), _keypoints(told.get("kpt_shape"))
    except WrongError as error:
        raise DatasetError(f"{file}: {error}") from error
    notes = Notes()
    paths = find_images(images, True, notes, _BESIDE) if images else _images(file, told, notes)
    found = tuple(image_header(image, number) for number, image in enumerate(paths, 1))
    labels = [label_file(image.path) for image in found]
    if not any(label.is_file() for label in labels):
        raise DatasetError(f"{file}: there are no labels such as {labels[0]}")
    annotations: list[Annotation] = []
    for image, label in zip(found, labels, strict=True):
        if label.is_file():
            annotations += read_labels(label, image, categories, keypoints, notes)
        else:
            notes.add("images without a label file, which count as images without objects", image.path.name)
    names = distinct(categories, {annotation.category_id for annotation in annotations}, file)
    return Dataset(file.resolve().parent.name, found, tuple(annotations), names, notes.lines(file))


class _Text(yaml.BaseLoader):
    """Leaves everything text, as it stands there: a class may be called no, or 7. Refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        found = super().construct_mapping(node, deep=True)
        if len(found) < len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return found


def _parse(file: Path) -> dict[str, Any]:
    try:
        told = yaml.load(read_text(file), _Text)  # it makes nothing but text, lists and dicts
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DatasetError(f"{file}: cannot be read as YAML: {printable(' '.join(str(error).split()))}") from error
    if not isinstance(told, dict):
        raise DatasetError(f"{file}: is no description of a YOLO data set")
    return {key: value for key, value in told.items() if value not in _NOTHING}


def _categories(told: dict[str, Any]) -> dict[int, str]:
    names = told.get("names")
    listed = names if isinstance(names, dict) else dict(enumerate(names)) if isinstance(names, list) else {}
    if not listed:
        raise WrongError("has no 'names' of classes")
    categories: dict[int, str] = {}
    for key, name in listed.items():
        number = whole(key, "a class in 'names'")
        if number in categories:
            raise WrongError(f"'names' has class {number} twice")
        categories[number] = text(name, f"the name of class {number}")
    count = told.get("nc")
    if count is not None and whole(count, "nc") != len(categories):
        raise WrongError(f"nc is {count}, and 'names' has {len(categories)} classes")
    return categories


def _keypoints(shape: object) -> int:
    """How many numbers of keypoints follow each box."""
    if shape is None:
        return 0
    if not isinstance(shape, list) or len(shape) != 2:
        raise WrongError(f"kpt_shape is {shown(shape)}: expected the number of keypoints, and 2 or 3")
    return whole(shape[0], "kpt_shape[0]", 1) * whole(shape[1], "kpt_shape[1]", 2, 3)


def _images(file: Path, told: dict[str, Any], notes: Notes) -> list[Path]:
    split = next((split for split in ("val", "test", "train") if told.get(split) is not None), None)
    if split is None:
        raise DatasetError(f"{file}: names no images as 'val', 'test' or 'train'")
    named = told[split]
    entries: list[Any] = named if isinstance(named, list) else [named]
    if not entries or not all(isinstance(entry, str) and entry for entry in entries):
        raise DatasetError(f"{file}: '{split}' must name a folder of images, a text file that lists them, or several")
    if not isinstance(root := told.get("path", ""), str):
        raise DatasetError(f"{file}: path is {shown(root)}: expected a folder")
    roots = [file.parent / root, file.parent]
    found: list[Path] = []
    for entry in entries:
        place = _place(entry, roots)
        if place is None:
            where = roots[0] / printable(entry)
            raise DatasetError(f"{file}: '{split}' names {where}, which is no folder of images and no list of them")
        found += find_images(place, True, notes, _BESIDE) if place.is_dir() else _listed(place, roots)
    return list(dict.fromkeys(found))  # folders and lists may overlap


def _place(entry: str, roots: list[Path]) -> Path | None:
    # Roboflow writes ../valid/images into a file that lies beside the folder valid.
    spelled = (entry, entry.replace("\\", "/"), entry.replace("\\", "/").removeprefix("../"))
    places = (root / spelling for spelling in spelled for root in roots)
    return next((place for place in places if os.path.exists(place)), None)  # noqa: PTH110  # takes any name


def _listed(file: Path, roots: list[Path]) -> list[Path]:
    if file.suffix.lower() in image_suffixes():
        raise DatasetError(f"{file}: cannot be read as a list of images: it is one")
    lines = [line.strip() for line in read_text(file).splitlines() if line.strip()]
    if not lines:
        raise DatasetError(f"{file}: lists no images")
    found = [find_file([file.parent, *roots], line) for line in lines]
    missing = [line for line, path in zip(lines, found, strict=True) if path is None]
    require(missing, f"{file}: lists images that are not there")
    return [path for path in found if path is not None]
