"""Object masks from COCO annotations: polygons, run-length codes, boxes."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from pycocotools import mask as rle

from fovea.errors import DatasetError

MaskSource = Literal["mask", "box"]


def _region(annotation: Mapping[str, Any], height: int, width: int, source: MaskSource) -> NDArray[np.uint8]:
    segmentation = annotation.get("segmentation")
    if source == "box" or not segmentation:
        left, top, box_width, box_height = annotation["bbox"]
        region = np.zeros((height, width), np.uint8)
        rows = slice(max(int(top), 0), max(int(np.ceil(top + box_height)), 0))
        columns = slice(max(int(left), 0), max(int(np.ceil(left + box_width)), 0))
        region[rows, columns] = 1
        return region
    if isinstance(segmentation, list):
        coded = rle.merge(rle.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        coded = rle.frPyObjects(segmentation, height, width)
    else:
        coded = segmentation
    decoded: NDArray[np.uint8] = rle.decode(coded)
    return decoded


def object_mask(
    annotations: Iterable[Mapping[str, Any]],
    height: int,
    width: int,
    source: MaskSource = "mask",
    dilation: int = 0,
) -> NDArray[np.uint8]:
    """Union of the object regions of one image.

    Args:
        annotations: COCO annotations of the image. Polygons, compressed and uncompressed RLE are read; an object
            without a ``segmentation`` is filled as its box.
        height: of the image, pixels.
        width: of the image, pixels.
        source: "mask", or "box" to fill the boxes of all objects.
        dilation: grow the union by so many pixels on every side.

    Returns:
        uint8 [height, width], 1 on objects.

    Raises:
        DatasetError: an annotation that is none of these.

    Example:
        >>> object_mask([{"bbox": [1, 0, 2, 1]}], height=2, width=4)
        array([[0, 1, 1, 0],
               [0, 0, 0, 0]], dtype=uint8)
    """
    union = np.zeros((height, width), np.uint8)
    for annotation in annotations:
        try:
            np.maximum(union, _region(annotation, height, width, source), out=union)
        except (KeyError, TypeError, ValueError) as error:
            raise DatasetError(
                f"annotation {annotation.get('id', '?')} has no readable box or segmentation: {error}"
            ) from error
    if dilation:
        union = np.array(Image.fromarray(union).filter(ImageFilter.MaxFilter(2 * dilation + 1)))
    return union
