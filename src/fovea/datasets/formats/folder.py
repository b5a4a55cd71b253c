"""Reader of a plain folder of images, which has no labels."""

from pathlib import Path

from fovea.datasets.dataset import Dataset
from fovea.datasets.image_files import find_images, image_header
from fovea.datasets.messages import Notes


def read_folder(folder: Path) -> Dataset:
    """Read every image of a folder, sorted by name.

    Args:
        folder: folder of the images; folders inside it are not searched.

    Returns:
        A data set without labels.

    Raises:
        DatasetError: there is no image, or one does not open.
    """
    notes = Notes()
    images = tuple(image_header(path, number) for number, path in enumerate(find_images(folder, notes=notes), 1))
    return Dataset(folder.resolve().name, images, (), {}, notes.lines(folder))
