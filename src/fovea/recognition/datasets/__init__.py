"""Data sets: COCO json, Pascal VOC xml, YOLO txt, or a plain folder of images, all read into one type.

Example::

    data = load_dataset("val.json", "val/").limit(100)
    picture = data.images[0].load()
"""

from pathlib import Path

from fovea.recognition.datasets.coco import read_coco
from fovea.recognition.datasets.dataset import Annotation, Dataset, DatasetImage
from fovea.recognition.datasets.folder import read_folder
from fovea.recognition.datasets.voc import read_voc
from fovea.recognition.datasets.yolo import read_yolo

__all__ = [
    "Annotation",
    "Dataset",
    "DatasetImage",
    "load_dataset",
    "read_coco",
    "read_folder",
    "read_voc",
    "read_yolo",
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
    if where.suffix == ".json":
        return read_coco(where, folder)
    if where.suffix in (".yaml", ".yml") or (where / "data.yaml").is_file():
        return read_yolo(where, folder)
    if (where / "Annotations").is_dir() or any(where.glob("*.xml")):
        return read_voc(where, folder)
    return read_folder(where)
