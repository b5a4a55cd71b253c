"""Data sets: COCO json, Pascal VOC xml, YOLO txt, or a plain folder of images, all read into one type.

``formats`` has a module for each format; a new format is added there.

Example::

    data = load_dataset("val.json", "val/").limit(100)
    pixels = data.images[0].load()
"""

from fovea.datasets.classes import BACKGROUND, COCO_CLASSES, canonical
from fovea.datasets.dataset import Annotation, Dataset, DatasetImage, region
from fovea.datasets.formats import coco_json, load_dataset, read_coco
from fovea.datasets.image_files import find_images, image_header
from fovea.datasets.masks import RunLengthCode, encode_mask, mask_area, object_region, run_lengths
from fovea.datasets.orientation import open_labeled, orient_mask

__all__ = [
    "BACKGROUND",
    "COCO_CLASSES",
    "Annotation",
    "Dataset",
    "DatasetImage",
    "RunLengthCode",
    "canonical",
    "coco_json",
    "encode_mask",
    "find_images",
    "image_header",
    "load_dataset",
    "mask_area",
    "object_region",
    "open_labeled",
    "orient_mask",
    "read_coco",
    "region",
    "run_lengths",
]
