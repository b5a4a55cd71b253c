"""Writer of COCO json (https://cocodataset.org/#format-data)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fovea.datasets.dataset import Annotation, Dataset, DatasetImage
from fovea.datasets.masks import run_lengths


def coco_json(dataset: Dataset, folder: Path) -> str:
    """Return a data set in COCO's format.

    Args:
        dataset: data set with labels.
        folder: folder of its images. Names of images in it or in a folder below it are written relative to it, all
            other names as whole paths.

    Returns:
        The text of the json file. Masks are compressed run-length codes, and ``"upright": true`` marks images whose
        labels count pixels as shown, not as stored.
    """
    images = {image.id: image for image in dataset.images}
    content = {
        "images": [_image(image, folder) for image in dataset.images],
        "annotations": [
            {"id": number, **_annotation(annotation, images[annotation.image_id])}
            for number, annotation in enumerate(dataset.annotations, 1)
        ],
        "categories": [{"id": number, "name": name} for number, name in dataset.categories.items()],
    }
    return json.dumps(content)


def _image(image: DatasetImage, folder: Path) -> Mapping[str, Any]:
    entry = {"id": image.id, "file_name": _name(image.path, folder), "width": image.width, "height": image.height}
    return entry | {"upright": True} if image.upright else entry


def _name(path: Path, folder: Path) -> str:
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    path, folder = path.absolute(), folder.absolute()
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def _annotation(annotation: Annotation, image: DatasetImage) -> Mapping[str, Any]:
    entry = {
        "image_id": annotation.image_id,
        "category_id": annotation.category_id,
        "bbox": [round(side, 2) for side in annotation.box],
        "area": annotation.area,
        "iscrowd": int(annotation.crowd),
    }
    if annotation.segmentation is None:
        return entry
    code = run_lengths(annotation.segmentation, image.height, image.width)
    counts = code["counts"]
    return entry | {
        "segmentation": {"size": code["size"], "counts": counts.decode() if isinstance(counts, bytes) else counts}
    }
