"""Reads a plain folder of images, which has no labels."""

from pathlib import Path

from fovea.errors import DatasetError
from fovea.picture import image_suffixes
from fovea.recognition.datasets.dataset import Dataset, image_header


def read_folder(folder: Path) -> Dataset:
    """Takes every image of a folder, in the order of their names.

    Args:
        folder: the folder; folders inside it are not searched.

    Returns:
        A data set without labels.

    Raises:
        DatasetError: there is no image, or one does not open.
    """
    images = tuple(image_header(path, number) for number, path in enumerate(find_images(folder), 1))
    return Dataset(folder.resolve().name, images, (), {})


def find_images(folder: Path) -> list[Path]:
    """Lists the images of a folder.

    Args:
        folder: the folder; folders inside it are not searched.

    Returns:
        Files with the suffix of an image, in the order of their names.

    Raises:
        DatasetError: there is no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder}: is no folder of images")
    suffixes = image_suffixes()
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes and path.is_file())
    if not found:
        raise DatasetError(f"{folder}: holds no images")
    return found
