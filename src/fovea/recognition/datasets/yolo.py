"""Reads YOLO txt labels."""

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from fovea.errors import DatasetError
from fovea.recognition.datasets.dataset import Annotation, Dataset, DatasetImage, image_header, require
from fovea.recognition.datasets.folder import find_images


def read_yolo(path: Path, images: Path | None = None) -> Dataset:
    """Reads a data set in the format of the YOLO trainers: a txt file an image, boxes or polygons.

    Args:
        path: the yaml file that names the classes and the folder of images, or its folder (``data.yaml``).
        images: folder of the images; None: what the yaml calls ``val``, else ``test``, else ``train``. That may be
            a folder, a text file that lists images by paths relative to its own folder, or a list of several of
            these. Labels lie in the folder of the same name under ``labels`` instead of ``images``, or beside the
            images; an image without a file has no objects.

    Returns:
        The data set; category ids are the class numbers of the files.

    Raises:
        DatasetError: the yaml or a label file is broken, images are missing, or there are no label files.
    """
    file = path / "data.yaml" if path.is_dir() else path
    told = _parse(file)
    paths = find_images(images) if images else _images(file, told)
    names = told.get("names")
    listed = names if isinstance(names, dict) else dict(enumerate(names)) if isinstance(names, list) else {}
    categories = {int(number): str(name) for number, name in listed.items()}
    if not categories:
        raise DatasetError(f"{file}: has no 'names' of classes")
    found = tuple(image_header(image, number) for number, image in enumerate(paths, 1))
    labels = [_label_file(image.path) for image in found]
    if not any(label.is_file() for label in labels):
        raise DatasetError(f"{file}: there are no labels such as {labels[0]}")
    annotations = [
        annotation
        for image, label in zip(found, labels, strict=True)
        if label.is_file()
        for annotation in _read_labels(label, image, categories)
    ]
    return Dataset(file.resolve().parent.name, found, tuple(annotations), categories)


def _parse(file: Path) -> dict[str, object]:
    try:
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DatasetError(f"{file}: cannot be read as YAML: {error}") from error
    if not isinstance(told, dict):
        raise DatasetError(f"{file}: is no description of a YOLO data set")
    return told


def _images(file: Path, told: dict[str, object]) -> list[Path]:
    split = next((split for split in ("val", "test", "train") if told.get(split) is not None), None)
    if split is None:
        raise DatasetError(f"{file}: names no images as 'val', 'test' or 'train'")
    named = told[split]
    entries: list[Any] = named if isinstance(named, list) else [named]
    if not entries or not all(isinstance(entry, str) for entry in entries):
        raise DatasetError(f"{file}: '{split}' must name a folder of images, a text file that lists them, or several")
    roots = [file.parent / str(told.get("path") or ""), file.parent]
    found: list[Path] = []
    for entry in entries:
        places = [root / entry for root in roots]
        place = next((place for place in places if place.exists()), places[0])
        if not place.exists():
            raise DatasetError(f"{file}: '{split}' names {place}, which is no folder of images and no list of them")
        found += find_images(place) if place.is_dir() else _listed(place)
    return list(dict.fromkeys(found))  # folders and lists may overlap


def _listed(file: Path) -> list[Path]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{file}: cannot be read as a list of images: {error}") from error
    found = [file.parent / line.strip() for line in lines if line.strip()]
    if not found:
        raise DatasetError(f"{file}: lists no images")
    require([path for path in found if not path.is_file()], f"{file}: lists images that are not there")
    return found


def _label_file(image: Path) -> Path:
    parts = list(image.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
        there = Path(*parts).with_suffix(".txt")
        if there.parent.is_dir():
            return there
    return image.with_suffix(".txt")


def _read_labels(file: Path, image: DatasetImage, categories: dict[int, str]) -> list[Annotation]:
    found = []
    for line, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip():
            continue
        try:
            category, *numbers = (float(word) for word in text.split())
        except ValueError as error:
            raise DatasetError(f"{file}:{line}: is no line of numbers: {error}") from error
        if category not in categories:
            raise DatasetError(f"{file}:{line}: class {category:g} is not among the {len(categories)} named")
        if len(numbers) == 4:
            found.append(_box(int(category), numbers, image))
        elif len(numbers) >= 6 and len(numbers) % 2 == 0:
            found.append(_polygon(int(category), numbers, image))
        else:
            raise DatasetError(
                f"{file}:{line}: has {len(numbers)} numbers, neither a box (4) nor a polygon (6, 8, ...)"
            )
    return found


def _box(category: int, numbers: list[float], image: DatasetImage) -> Annotation:
    x, y, width, height = np.multiply(numbers, [image.width, image.height] * 2).tolist()
    return Annotation(image.id, category, (x - width / 2, y - height / 2, width, height), width * height)


def _polygon(category: int, numbers: list[float], image: DatasetImage) -> Annotation:
    corners = np.reshape(numbers, (-1, 2)) * (image.width, image.height)
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    x, y = corners.T
    area = 0.5 * abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1)))  # the shoelace formula
    box = (left, top, right - left, bottom - top)
    return Annotation(image.id, category, box, area, [corners.ravel().tolist()])
