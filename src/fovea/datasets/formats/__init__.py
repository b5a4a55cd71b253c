"""The formats of data sets that Fovea reads. A new format is a module here and an entry in ``FORMATS``."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fovea.datasets.dataset import Dataset
from fovea.datasets.formats.coco import is_coco, read_coco
from fovea.datasets.formats.coco_writer import coco_json
from fovea.datasets.formats.folder import read_folder
from fovea.datasets.formats.voc import is_voc, read_voc
from fovea.datasets.formats.yolo import is_yolo, read_yolo
from fovea.errors import DatasetError

__all__ = ["coco_json", "load_dataset", "read_coco"]


class Format(NamedTuple):
    """A format of data sets with labels."""

    matches: Callable[[Path], bool]
    """Tells from a path, without reading the file, whether the data set has this format."""
    read: Callable[[Path, Path | None], Dataset]
    """Reads the data set at a path, its images from a folder if one is named."""


FORMATS = (Format(is_coco, read_coco), Format(is_yolo, read_yolo), Format(is_voc, read_voc))
"""In the order in which they are tried; a path that none of them matches is read as a plain folder of images."""


def load_dataset(path: str | Path, images: str | Path | None = None) -> Dataset:
    """Read a data set of any known format.

    Args:
        path: COCO .json file; .yaml file of a YOLO data set, or the folder that holds it as ``data.yaml``; folder of
            Pascal VOC .xml files, or the folder that holds it as ``Annotations``; or a plain folder of images.
        images: folder of the images, where they do not lie where the format expects them. A plain folder has no labels
            whose images could lie elsewhere.

    Returns:
        The data set.

    Raises:
        DatasetError: the data set cannot be read, is empty, or contradicts itself.
    """
    where, folder = Path(path), Path(images) if images is not None else None
    for known in FORMATS:
        if known.matches(where):
            return known.read(where, folder)
    if folder is not None and where.is_dir() and not (folder.is_dir() and folder.samefile(where)):
        raise DatasetError(
            f"has no labels of a known format, so its images cannot lie in {folder}: name labels, or one folder alone",
            path=where,
        )
    return read_folder(where)
