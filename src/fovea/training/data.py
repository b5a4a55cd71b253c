"""What there is to train on: images, and annotations of the objects on them."""

from dataclasses import dataclass
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_info

from fovea.datasets import Annotation, find_images
from fovea.datasets import read_coco as read_dataset
from fovea.errors import DatasetError


@dataclass(frozen=True)
class Labeled:
    """An image file, what there is to know of the objects on it, and how it is shown.

    Attributes:
        path: of the image.
        annotations: of its objects; None where nobody has said what is on it.
        size: width and height that these were made for.
        upright: whether they count pixels of the image as shown, even where it is stored in this size.
        weight: how often it is drawn, against others.
        scale: range of its scale jitter, if it has one of its own.
    """

    path: Path
    annotations: tuple[Annotation, ...] | None
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
    """All images below a folder, of which nobody has said what is on them."""
    return [Labeled(path, None) for path in find_images(images, below=True)]
