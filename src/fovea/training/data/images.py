"""Images to train on, with the annotations of their objects."""

from dataclasses import dataclass
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_info

from fovea.datasets import Annotation, find_images, read_coco
from fovea.errors import DatasetError


@dataclass(frozen=True)
class TrainingImage:
    """An image file, the annotations of its objects, and how it is drawn.

    Attributes:
        path: image file.
        annotations: annotations of its objects; None for an image without labels.
        size: width and height in pixels that the annotations refer to.
        upright: whether the annotations refer to the image as shown, even where it is stored in the same size.
        weight: probability of being drawn, relative to other images.
        scale_jitter: range of the scale jitter; None takes that of the patches.
    """

    path: Path
    annotations: tuple[Annotation, ...] | None
    size: tuple[int, int] | None = None
    upright: bool = False
    weight: float = 1.0
    scale_jitter: tuple[float, float] | None = None


def coco_images(annotations: Path, images: Path) -> list[TrainingImage]:
    """Read the images of a COCO json with their annotations.

    Args:
        annotations: COCO json file.
        images: folder of its images.

    Raises:
        DatasetError: the json cannot be read, is not COCO, has no annotations, or names an image that does not exist.
    """
    dataset = read_coco(annotations, images)
    if not dataset.annotations:
        raise DatasetError("has no annotations: leave it out to train on images alone", path=annotations)
    for note in dataset.notes:
        rank_zero_info(note)
    return [
        TrainingImage(image.path, dataset.by_image[image.id], (image.width, image.height), image.upright)
        for image in dataset.images
    ]


def folder_images(images: Path) -> list[TrainingImage]:
    """Find all images in a folder and the folders below it, without annotations."""
    return [TrainingImage(path, None) for path in find_images(images, below=True)]
