"""Reads COCO json."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fovea.errors import DatasetError
from fovea.recognition.datasets.dataset import Annotation, Dataset, DatasetImage, require


def read_coco(json_path: Path, images: Path | None = None) -> Dataset:
    """Reads a data set in COCO's format: instances with boxes, polygons or run-length codes.

    Beyond COCO, ``"upright": true`` says of an image that its labels count pixels as shown, not as stored.

    Args:
        json_path: the json file. Without ``annotations`` it is a set with no labels.
        images: folder of the images; None: the folder of the same name beside the json, ``images`` beside it,
            or the json's own folder, whichever holds the first image.

    Returns:
        The data set.

    Raises:
        DatasetError: the file is no such json, names images that are not there, or contradicts itself.
    """
    found = _parse(json_path)
    try:
        folder = images or _folder(json_path, str(found["images"][0]["file_name"]))
        listed = tuple(
            DatasetImage(
                int(i["id"]), folder / i["file_name"], int(i["width"]), int(i["height"]), bool(i.get("upright"))
            )
            for i in found["images"]
        )
        categories = {int(c["id"]): str(c.get("name", "")) for c in found.get("categories", [])}
        annotations = tuple(_annotation(a) for a in found.get("annotations", []))
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{json_path}: is no COCO json: {type(error).__name__} {error}") from error
    require([i.path.name for i in listed if not i.path.is_file()], f"{json_path}: images not found in {folder}")
    known = {image.id for image in listed}
    if len(known) < len(listed):
        raise DatasetError(f"{json_path}: {len(listed) - len(known)} images have an id that another one has")
    require(
        sorted({a.image_id for a in annotations} - known),
        f"{json_path}: annotations name image ids that are not listed",
    )
    require(
        sorted({a.category_id for a in annotations} - set(categories)),
        f"{json_path}: annotations name category ids that are not listed",
    )
    return Dataset(json_path.stem, listed, annotations, categories if "annotations" in found else {})


def _parse(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DatasetError(f"{path}: is no json: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("images"), list):
        raise DatasetError(f"{path}: is no COCO json: it has no list 'images'")
    if not found["images"]:
        raise DatasetError(f"{path}: lists no images")
    return found


def _folder(path: Path, first: str) -> Path:
    places = [path.with_suffix(""), path.parent / "images", path.parent]
    for place in places:
        if (place / first).is_file():
            return place
    raise DatasetError(
        f"{path}: its images ({first}, ...) are in none of {', '.join(map(str, places))}: name their folder"
    )


def _annotation(told: Mapping[str, Any]) -> Annotation:
    left, top, width, height = (float(side) for side in told["bbox"])
    return Annotation(
        image_id=int(told["image_id"]),
        category_id=int(told["category_id"]),
        box=(left, top, width, height),
        area=float(told.get("area", width * height)),
        segmentation=told.get("segmentation") or None,
        crowd=bool(told.get("iscrowd", 0)),
    )
