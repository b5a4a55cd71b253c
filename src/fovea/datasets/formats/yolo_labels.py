"""Reader of the label files of YOLO data sets, one file for each image."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

from fovea.datasets.checks import overlaps_image, parsed, whole
from fovea.datasets.dataset import Annotation, DatasetImage
from fovea.datasets.masks import checked_segmentation, mask_area, mask_box
from fovea.datasets.messages import OUTSIDE, Notes
from fovea.datasets.text_files import read_text
from fovea.errors import DatasetError, about

_SIDES = ("width", "height")
_ROUNDING = 0.01
"""How far a relative coordinate may lie outside 0 to 1; the trainers of YOLO accept as much."""


def label_file(image: Path) -> Path:
    """Return the path of the labels of an image.

    Args:
        image: path of the image.

    Returns:
        The txt file in the folder of the same name under ``labels`` instead of ``images``, where that folder exists;
        otherwise the txt file beside the image.
    """
    parts = list(image.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
        there = Path(*parts).with_suffix(".txt")
        if there.parent.is_dir():
            return there
    return image.with_suffix(".txt")


def read_labels(
    file: Path, image: DatasetImage, categories: Mapping[int, str], keypoints: int, notes: Notes
) -> list[Annotation]:
    """Read the labels of one image.

    Args:
        file: path of the txt file.
        image: the image.
        categories: class number to class name.
        keypoints: count of keypoint numbers that follow each box and are skipped; 0: lines are boxes or polygons.
        notes: where to count lines that are left out.

    Returns:
        The objects on the image.

    Raises:
        DatasetError: a line cannot be read.
    """
    found: list[Annotation] = []
    seen: set[tuple[str, ...]] = set()
    for line, written in enumerate(read_text(file).splitlines(), 1):
        if not (words := tuple(written.split())):
            continue
        if words in seen:
            notes.add("lines that stand twice in a label file, which count once", f"{file.name}:{line}")
            continue
        seen.add(words)
        with about(file, f"line {line}"):
            annotation = _object(words, image, categories, keypoints)
            inside = overlaps_image(annotation.box, image.width, image.height)
        if len(words) > 5 and not keypoints and annotation.segmentation is None:
            notes.add("polygons without an area, which count as their boxes", f"{file.name}:{line}")
        if inside:
            found.append(annotation)
        else:
            notes.add(OUTSIDE, f"{file.name}:{line}")
    return found


def _object(words: Sequence[str], image: DatasetImage, categories: Mapping[int, str], keypoints: int) -> Annotation:
    category = whole(words[0], "class")
    if category not in categories:
        raise DatasetError(f"class {category} is not among the {len(categories)} named")
    numbers = words[1:]
    if keypoints:
        if len(numbers) != 4 + keypoints:
            raise DatasetError(f"has {len(numbers)} numbers after the class: expected a box (4) and {keypoints} more")
        return _box(category, numbers[:4], image)
    if len(numbers) == 4:
        return _box(category, numbers, image)
    if len(numbers) == 5:
        raise DatasetError("has 5 numbers after the class: a box with a confidence is a detection and no label")
    if len(numbers) < 6 or len(numbers) % 2:
        raise DatasetError(f"has {len(numbers)} numbers after the class, neither a box (4) nor a polygon (6, 8, ...)")
    return _polygon(category, numbers, image)


def _box(category: int, words: Sequence[str], image: DatasetImage) -> Annotation:
    x, y = (parsed(word, what, -_ROUNDING, 1 + _ROUNDING) for word, what in zip(words, "xy", strict=False))
    width, height = (parsed(word, what, 0, 1 + _ROUNDING) for word, what in zip(words[2:], _SIDES, strict=True))
    x, y, width, height = x * image.width, y * image.height, width * image.width, height * image.height
    return Annotation(image.id, category, (x - width / 2, y - height / 2, width, height), width * height)


def _polygon(category: int, words: Sequence[str], image: DatasetImage) -> Annotation:
    parts = [parsed(word, f"number {index}", -_ROUNDING, 1 + _ROUNDING) for index, word in enumerate(words, 1)]
    corners = [part * side for part, side in zip(parts, cycle((image.width, image.height)), strict=False)]
    box = mask_box([corners])
    mask = checked_segmentation([corners], image.width, image.height)
    return Annotation(image.id, category, box, mask_area(mask) if mask else box[2] * box[3], mask)
