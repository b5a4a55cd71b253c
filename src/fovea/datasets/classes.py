"""Class names: the 80 classes of COCO, which most public detectors know, and how names of other sets are compared."""

from collections.abc import Collection, Mapping

from fovea.errors import DatasetError

COCO_CLASSES: dict[int, str] = {
    1: "person", 2: "bicycle", 3: "car", 4: "motorcycle", 5: "airplane", 6: "bus", 7: "train", 8: "truck",
    9: "boat", 10: "traffic light", 11: "fire hydrant", 13: "stop sign", 14: "parking meter", 15: "bench",
    16: "bird", 17: "cat", 18: "dog", 19: "horse", 20: "sheep", 21: "cow", 22: "elephant", 23: "bear",
    24: "zebra", 25: "giraffe", 27: "backpack", 28: "umbrella", 31: "handbag", 32: "tie", 33: "suitcase",
    34: "frisbee", 35: "skis", 36: "snowboard", 37: "sports ball", 38: "kite", 39: "baseball bat",
    40: "baseball glove", 41: "skateboard", 42: "surfboard", 43: "tennis racket", 44: "bottle",
    46: "wine glass", 47: "cup", 48: "fork", 49: "knife", 50: "spoon", 51: "bowl", 52: "banana", 53: "apple",
    54: "sandwich", 55: "orange", 56: "broccoli", 57: "carrot", 58: "hot dog", 59: "pizza", 60: "donut",
    61: "cake", 62: "chair", 63: "couch", 64: "potted plant", 65: "bed", 67: "dining table", 70: "toilet",
    72: "tv", 73: "laptop", 74: "mouse", 75: "remote", 76: "keyboard", 77: "cell phone", 78: "microwave",
    79: "oven", 80: "toaster", 81: "sink", 82: "refrigerator", 84: "book", 85: "clock", 86: "vase",
    87: "scissors", 88: "teddy bear", 89: "hair drier", 90: "toothbrush",
}  # fmt: skip
"""COCO category id (1 to 90, with gaps) to class name, in the order in which detectors number them from 0 to 79
(Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014)."""

BACKGROUND = "background"
"""Canonical name of the class of pixels that belong to no object."""

_SYNONYMS = {
    "aeroplane": "airplane",
    "motorbike": "motorcycle",
    "sofa": "couch",
    "pottedplant": "potted plant",
    "diningtable": "dining table",
    "tvmonitor": "tv",
    "hair dryer": "hair drier",
}


def canonical(name: str) -> str:
    """Return the spelling under which class names are compared.

    Args:
        name: class name as a data set or a recognizer writes it.

    Returns:
        The name in lower case, with single spaces between words, and with COCO's word where Pascal VOC or another data
        set uses a different one.

    Example:
        >>> canonical("Traffic_Light"), canonical("tvmonitor")
        ('traffic light', 'tv')
    """
    plain = " ".join(name.lower().replace("_", " ").replace("-", " ").split())
    return _SYNONYMS.get(plain, plain)


def distinct(categories: Mapping[int, str], used: Collection[int]) -> dict[int, str]:
    """Drop categories that have no object and share their name with another one.

    Some labeling tools list such a category as the parent of all others.

    Args:
        categories: category id to name, which may be empty.
        used: ids of the categories that have objects.

    Returns:
        The remaining categories, in their order.

    Raises:
        DatasetError: two categories with the same name have objects.
    """
    of_name: dict[str, int] = {}
    for number in sorted(categories, key=lambda number: number not in used):
        name = categories[number]
        other = of_name.setdefault(canonical(name), number)
        if name and name == categories[other] and number != other and number in used:
            raise DatasetError(
                f"name is {name!r}: category {other} has it, too, and both have objects", entry=f"category {number}"
            )
    return {n: name for n, name in categories.items() if not name or n in used or of_name[canonical(name)] == n}
