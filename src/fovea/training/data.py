"""What there is to train on: images, and annotations of the objects on them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fovea.errors import DatasetError
from fovea.picture import image_suffixes


@dataclass(frozen=True)
class Labeled:
    """An image file, what there is to know of the objects on it, and how it is shown.

    Attributes:
        path: of the image.
        annotations: COCO annotations of its objects; None where nobody has said what is on it.
        size: width and height that these were made for.
        upright: whether they count pixels of the image as shown, even where it is stored in this size.
        weight: how often it is drawn, against others.
        scale: range of its scale jitter, if it has one of its own.
    """

    path: Path
    annotations: tuple[dict[str, Any], ...] | None
    size: tuple[int, int] | None = None
    upright: bool = False
    weight: float = 1.0
    scale: tuple[float, float] | None = None


def read_coco(annotations: Path, images: Path) -> list[Labeled]:
    """Images of a COCO json with their annotations.

    Args:
        annotations: COCO json file.
        images: folder of its images.

    Raises:
        DatasetError: the json cannot be read, is not COCO, or names an image that is not there.
    """
    try:
        coco = json.loads(annotations.read_text())
        of_image: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in coco["images"]}
        for annotation in coco["annotations"]:
            of_image[annotation["image_id"]].append(annotation)
        labeled = [
            Labeled(
                images / image["file_name"],
                tuple(of_image[image["id"]]),
                (image["width"], image["height"]),
                bool(image.get("upright")),
            )
            for image in coco["images"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{annotations} is no readable COCO json: {error!r}") from error
    missing = [item.path.name for item in labeled if not item.path.is_file()]
    if missing:
        raise DatasetError(f"{annotations} names {len(missing)} images that are not in {images}, first {missing[0]}")
    if not labeled:
        raise DatasetError(f"{annotations} has no images")
    return labeled


def read_folder(images: Path) -> list[Labeled]:
    """All images below a folder, of which nobody has said what is on them."""
    suffixes = image_suffixes()
    found = sorted(path for path in images.rglob("*") if path.suffix.lower() in suffixes)
    if not found:
        raise DatasetError(f"no images below {images}")
    return [Labeled(path, None) for path in found]
