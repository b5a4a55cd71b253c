"""Reads the label files of YOLO."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

from fovea.datasets.checks import WrongError, parsed, whole
from fovea.datasets.dataset import Annotation, DatasetImage
from fovea.datasets.images import lies_on
from fovea.datasets.masks import checked_segmentation, mask_area, mask_box
from fovea.datasets.messages import OUTSIDE, Notes
from fovea.datasets.text import read_text
from fovea.errors import DatasetError

_SIDES = ("width", "height")
_ROUNDING = 0.01
"""How far a part of the image may lie outside 0..1, as YOLO's own trainers let it."""


def label_file(image: Path) -> Path:
    """Where the labels of an image are.

    Args:
        image: its path.

    Returns:
        The txt file in the folder of the same name under ``labels`` instead of ``images``, where there is this folder;
        else beside the image.
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
    """Reads the labels of an image.

    Args:
        file: the txt file.
        image: the image.
        categories: names of the classes.
        keypoints: how many numbers of keypoints, which are left out, follow each box; 0: lines are boxes or polygons.
        notes: where what is left out is counted.

    Returns:
        Its objects.

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
        try:
            thing = _object(words, image, categories, keypoints)
            outside = not lies_on(image, thing.box)
        except WrongError as error:
            raise DatasetError(f"{file}:{line}: {error}") from error
        if len(words) > 5 and not keypoints and thing.segmentation is None:
            notes.add("polygons without an area, which count as their boxes", f"{file.name}:{line}")
        if outside:
            notes.add(OUTSIDE, f"{file.name}:{line}")
        else:
            found.append(thing)
    return found


def _object(words: Sequence[str], image: DatasetImage, categories: Mapping[int, str], keypoints: int) -> Annotation:
    category = whole(words[0], "class")
    if category not in categories:
        raise WrongError(f"class {category} is not among the {len(categories)} named")
    numbers = words[1:]
    if keypoints:
        if len(numbers) != 4 + keypoints:
            raise WrongError(f"has {len(numbers)} numbers after the class: expected a box (4) and {keypoints} more")
        return _box(category, numbers[:4], image)
    if len(numbers) == 4:
        return _box(category, numbers, image)
    if len(numbers) == 5:
        raise WrongError("has 5 numbers after the class: a box with a confidence is what a recognizer saw, no label")
    if len(numbers) < 6 or len(numbers) % 2:
        raise WrongError(f"has {len(numbers)} numbers after the class, neither a box (4) nor a polygon (6, 8, ...)")
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
