"""The images of the measurements. None of them is part of the repository."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from fovea.baselines import Pixels
from fovea.errors import DatasetError

SHARED = Path(os.environ.get("FOVEA_SHARED", Path(__file__).resolve().parents[2] / "shared"))
"""Folder of data sets and recognizers."""
KODAK = SHARED / "data" / "kodak"
COCO_MASKS = SHARED / "data" / "coco" / "val_masks.json"
COCO_BOXES = SHARED / "data" / "coco" / "val.json"
COCO_IMAGES = SHARED / "data" / "coco" / "val"
RESULTS = Path(__file__).parent / "results"
FULL_HD = (1080, 1920)
"""Height and width."""


def evenly_spaced(paths: Sequence[Path], limit: int) -> list[Path]:
    """Return at most ``limit`` of some paths, evenly spaced.

    Example:
        >>> [path.name for path in evenly_spaced([Path("a"), Path("b"), Path("c"), Path("d")], 2)]
        ['a', 'c']
    """
    count = min(limit, len(paths))
    return [paths[number * len(paths) // count] for number in range(count)]


def read_folder(folder: Path, limit: int | None = None) -> list[Pixels]:
    """Read the PNG images of a folder, in the order of their names.

    Args:
        folder: folder of the images.
        limit: largest number of images; None for all.

    Returns:
        Images, uint8 [H, W, 3] each.

    Raises:
        DatasetError: the folder has no PNG image.
    """
    paths = sorted(folder.glob("*.png"))[:limit]
    if not paths:
        raise DatasetError("holds no PNG images: name a folder that does, or set FOVEA_SHARED", path=folder)
    return [np.asarray(Image.open(path).convert("RGB")) for path in paths]


def mosaic(images: list[Pixels], height: int, width: int) -> Pixels:
    """Stitch images into a larger one, which stays as sharp as they are; an enlarged image would not.

    Args:
        images: images, uint8 [H, W, 3]. They are repeated where they do not suffice, and turned where they are upright.
        height: height of the result.
        width: width of the result.

    Returns:
        uint8 [height, width, 3].
    """
    lying = [image if image.shape[1] >= image.shape[0] else np.rot90(image) for image in images]
    across = -(-width // min(image.shape[1] for image in lying))
    down = -(-height // min(image.shape[0] for image in lying))
    out = np.empty((height, width, 3), np.uint8)
    tall, wide = -(-height // down), -(-width // across)
    for number in range(across * down):
        top, left = number // across * tall, number % across * wide
        cell = out[top : top + tall, left : left + wide]
        cell[:] = lying[number % len(lying)][: cell.shape[0], : cell.shape[1]]
    return out
