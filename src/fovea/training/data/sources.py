"""Read the images of a training, and hold some out for validation."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fovea.errors import DatasetError
from fovea.training.config_file import expand_path
from fovea.training.data.config import DataConfig
from fovea.training.data.images import TrainingImage, coco_images, folder_images

_HELD_OUT_ONE_OF = 50
"""One of this many images of a source is held out."""


def split_images(data: DataConfig) -> tuple[list[TrainingImage], list[TrainingImage]]:
    """Return the images to train on, and those that are held out for validation.

    From a single folder, ``validation_images`` are held out, evenly spaced. From each of several sources, one image of
    50 is held out, chosen by a hash of its file name, so that it stays held out when other images are added or removed.
    Images whose names begin as ``held_out`` of the source says are held out, too.

    Raises:
        DatasetError: images or annotations cannot be read, or there are too few images.
    """
    if data.images:
        return _split_evenly(_read(data.images, data.annotations), data.validation_images, data.images)
    train: list[TrainingImage] = []
    held_out: list[TrainingImage] = []
    for source in data.sources:
        for image in _read(source.images, source.annotations):
            name = image.path.name
            part = held_out if is_held_out(name) or name.startswith(source.held_out) else train
            part.append(replace(image, weight=source.weight, scale_jitter=source.scale_jitter))
    if not train or not held_out:
        count = len(train) + len(held_out)
        raise DatasetError(f"{count} images are too few to keep one of {_HELD_OUT_ONE_OF} for validation")
    return train, held_out


def is_held_out(name: str) -> bool:
    """Return whether an image of a source is held out for validation, by the name of its file."""
    return zlib.crc32(name.encode()) % _HELD_OUT_ONE_OF == 0


def _read(images: Path, annotations: Path | None) -> list[TrainingImage]:
    folder = expand_path(images)
    return coco_images(expand_path(annotations), folder) if annotations else folder_images(folder)


def _split_evenly(
    images: Sequence[TrainingImage], count: int, folder: Path
) -> tuple[list[TrainingImage], list[TrainingImage]]:
    if len(images) <= count:
        raise DatasetError(f"{len(images)} images are too few to keep {count} of them for validation", path=folder)
    held_out = {number * len(images) // count for number in range(count)}
    return (
        [image for number, image in enumerate(images) if number not in held_out],
        [image for number, image in enumerate(images) if number in held_out],
    )
