"""Reader of YOLO data sets: a yaml file names the images and the classes, and each image has a txt file of labels.

The format is that of the Ultralytics trainers (https://docs.ultralytics.com/datasets/detect/).
"""

import os
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from fovea.datasets.checks import text, whole
from fovea.datasets.classes import distinct
from fovea.datasets.dataset import Annotation, Dataset
from fovea.datasets.formats.yolo_labels import label_file, read_labels
from fovea.datasets.image_files import find_file, find_images, image_header
from fovea.datasets.messages import Notes, printable, require, shown
from fovea.datasets.text_files import read_text
from fovea.errors import DatasetError, about
from fovea.picture import image_suffixes

_BESIDE = (".txt", ".cache")
"""Suffixes of label files, and of the caches that trainers write beside them."""
_NULL = ("", "~", "null", "Null", "NULL")
"""How YAML writes that a key has no value."""


def is_yolo(path: Path) -> bool:
    """Tell whether a path is the yaml file of a YOLO data set, or a folder that holds it as ``data.yaml``."""
    return path.suffix.lower() in (".yaml", ".yml") or (path / "data.yaml").is_file()


def read_yolo(path: Path, images: Path | None = None) -> Dataset:
    """Read a data set in the format of the YOLO trainers, with boxes or polygons.

    From a data set of poses (``kpt_shape``), the boxes are read and the keypoints are skipped.

    Args:
        path: yaml file that names the classes and the folder of images, or the folder that holds it as ``data.yaml``.
        images: folder of the images. None: the images that the yaml names as ``val``, else ``test``, else ``train``.
            These may be a folder, a text file that lists images by paths relative to its own folder, or a list of
            several of these. Folders inside a folder are searched, too. Labels lie in the folder of the same name under
            ``labels`` instead of ``images``, or beside the images; an image without a label file has no objects.

    Returns:
        The data set; category ids are the class numbers of the label files.

    Raises:
        DatasetError: the yaml or a label file is broken, images are missing, or there are no label files.
    """
    file = path / "data.yaml" if path.is_dir() else path
    notes = Notes()
    with about(file):
        content = _parse(file)
        categories, keypoints = _categories(content), _keypoints(content.get("kpt_shape"))
        paths = find_images(images, True, notes, _BESIDE) if images else _images(file, content, notes)
        found = tuple(image_header(image, number) for number, image in enumerate(paths, 1))
        labels = [label_file(image.path) for image in found]
        if not any(label.is_file() for label in labels):
            raise DatasetError(f"there are no labels such as {labels[0]}")
        annotations: list[Annotation] = []
        for image, label in zip(found, labels, strict=True):
            if label.is_file():
                annotations += read_labels(label, image, categories, keypoints, notes)
            else:
                notes.add("images without a label file, which count as images without objects", image.path.name)
        names = distinct(categories, {annotation.category_id for annotation in annotations})
    return Dataset(file.resolve().parent.name, found, tuple(annotations), names, notes.lines(file))


class _Text(yaml.BaseLoader):
    """Loads every value as the text in the file: a class may be named no, or 7. Refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        found = super().construct_mapping(node, deep=True)
        if len(found) < len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return found


def _parse(file: Path) -> dict[str, Any]:
    try:
        content = yaml.load(read_text(file), _Text)  # this loader makes nothing but text, lists and dicts
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DatasetError(f"cannot be read as YAML: {printable(' '.join(str(error).split()))}") from error
    if not isinstance(content, dict):
        raise DatasetError("is no description of a YOLO data set")
    return {key: value for key, value in content.items() if value not in _NULL}


def _categories(content: dict[str, Any]) -> dict[int, str]:
    names = content.get("names")
    listed = names if isinstance(names, dict) else dict(enumerate(names)) if isinstance(names, list) else {}
    if not listed:
        raise DatasetError("has no 'names' of classes")
    categories: dict[int, str] = {}
    for key, name in listed.items():
        number = whole(key, "a class in 'names'")
        if number in categories:
            raise DatasetError(f"'names' has class {number} twice")
        categories[number] = text(name, f"the name of class {number}")
    count = content.get("nc")
    if count is not None and whole(count, "nc") != len(categories):
        raise DatasetError(f"nc is {count}, and 'names' has {len(categories)} classes")
    return categories


def _keypoints(shape: object) -> int:
    """Return how many keypoint numbers follow each box."""
    if shape is None:
        return 0
    if not isinstance(shape, list) or len(shape) != 2:
        raise DatasetError(f"kpt_shape is {shown(shape)}: expected the number of keypoints, and 2 or 3")
    return whole(shape[0], "kpt_shape[0]", 1) * whole(shape[1], "kpt_shape[1]", 2, 3)


def _images(file: Path, content: dict[str, Any], notes: Notes) -> list[Path]:
    split = next((split for split in ("val", "test", "train") if content.get(split) is not None), None)
    if split is None:
        raise DatasetError("names no images as 'val', 'test' or 'train'")
    named = content[split]
    entries: list[Any] = named if isinstance(named, list) else [named]
    if not entries or not all(isinstance(entry, str) and entry for entry in entries):
        raise DatasetError(f"'{split}' must name a folder of images, a text file that lists them, or several")
    if not isinstance(root := content.get("path", ""), str):
        raise DatasetError(f"path is {shown(root)}: expected a folder")
    roots = [file.parent / root, file.parent]
    found: list[Path] = []
    for entry in entries:
        place = _place(entry, roots)
        if place is None:
            where = roots[0] / printable(entry)
            raise DatasetError(f"'{split}' names {where}, which is no folder of images and no list of them")
        found += find_images(place, True, notes, _BESIDE) if place.is_dir() else _listed(place, roots)
    return list(dict.fromkeys(found))  # folders and lists may overlap


def _place(entry: str, roots: list[Path]) -> Path | None:
    # Roboflow writes ../valid/images into a file that lies beside the folder valid.
    spelled = (entry, entry.replace("\\", "/"), entry.replace("\\", "/").removeprefix("../"))
    places = (root / spelling for spelling in spelled for root in roots)
    return next((place for place in places if os.path.exists(place)), None)  # noqa: PTH110  # takes any name


def _listed(file: Path, roots: list[Path]) -> list[Path]:
    if file.suffix.lower() in image_suffixes():
        raise DatasetError("cannot be read as a list of images: it is one", path=file)
    lines = [line.strip() for line in read_text(file).splitlines() if line.strip()]
    if not lines:
        raise DatasetError("lists no images", path=file)
    found = [find_file([file.parent, *roots], line) for line in lines]
    with about(file):
        require(
            [line for line, path in zip(lines, found, strict=True) if path is None], "lists images that are not there"
        )
    return [path for path in found if path is not None]
