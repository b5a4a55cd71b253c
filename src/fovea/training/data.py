"""What there is to train on: images, and annotations of the objects on them."""

from dataclasses import dataclass
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_info

from fovea.datasets import Annotation, find_images
from fovea.datasets import read_coco as read_dataset
from fovea.errors import DatasetError


@dataclass(frozen=True)
class Labeled:
    """An image file, and what there is to know of the objects on it.

    Attributes:
        path: of the image.
        annotations: of its objects.
        size: width and height that these were made for.
        upright: whether they count pixels of the image as shown, even where it is stored in this size.
    """

    path: Path
    annotations: tuple[Annotation, ...]
    size: tuple[int, int] | None = None
    upright: bool = False


def read_coco(annotations: Path, images: Path) -> list[Labeled]:
    """Images of a COCO json with their annotations.

    Args:
        annotations: COCO json file.
        images: folder of its images.

    Raises:
        DatasetError: the json cannot be read, is not COCO, has no annotations, or names an image that is not there.
    """
    dataset = read_dataset(annotations, images)
    if not dataset.annotations:
        raise DatasetError(f"{annotations}: has no annotations: leave it out to train on images alone")
    for note in dataset.notes:
        rank_zero_info(note)
    return [
        Labeled(image.path, dataset.by_image[image.id], (image.width, image.height), image.upright)
        for image in dataset.images
    ]


def read_folder(images: Path) -> list[Labeled]:
    """All images below a folder, without annotations: enough to train with plain MSE."""
    return [Labeled(path, ()) for path in find_images(images, below=True)]
