"""Data sets: COCO json, Pascal VOC xml, YOLO txt, or a plain folder of images, all read into one type.

Example::

    data = load_dataset("val.json", "val/").limit(100)
    picture = data.images[0].load()
"""

from pathlib import Path

from fovea.datasets.classes import BACKGROUND, COCO_CLASSES, canonical
from fovea.datasets.coco import read_coco
from fovea.datasets.dataset import Annotation, Dataset, DatasetImage, region
from fovea.datasets.folder import read_folder
from fovea.datasets.images import find_images, image_header
from fovea.datasets.masks import Segmentation, object_region, run_lengths
from fovea.datasets.voc import read_voc
from fovea.datasets.yolo import read_yolo

__all__ = [
    "BACKGROUND",
    "COCO_CLASSES",
    "Annotation",
    "Dataset",
    "DatasetImage",
    "Segmentation",
    "canonical",
    "find_images",
    "image_header",
    "load_dataset",
    "object_region",
    "read_coco",
    "read_folder",
    "read_voc",
    "read_yolo",
    "region",
    "run_lengths",
]


def load_dataset(path: str | Path, images: str | Path | None = None) -> Dataset:
    """Reads a data set of any known format.

    Args:
        path: a COCO .json; the .yaml of a YOLO set, or the folder with its ``data.yaml``; a folder of Pascal
            VOC xml files, or the one above ``Annotations``; or a plain folder of images.
        images: folder of the images, where they do not lie where the format expects them.

    Returns:
        The data set.

    Raises:
        DatasetError: it cannot be read, is empty, or contradicts itself.
    """
    where, folder = Path(path), Path(images) if images is not None else None
    suffix = where.suffix.lower()
    if suffix == ".json":
        return read_coco(where, folder)
    if suffix in (".yaml", ".yml") or (where / "data.yaml").is_file():
        return read_yolo(where, folder)
    if (where / "Annotations").is_dir() or any(where.glob("*.[xX][mM][lL]")):
        return read_voc(where, folder)
    return read_folder(where)
