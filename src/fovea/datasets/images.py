"""Where the images of a data set lie, and what their files tell without being decoded."""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PureWindowsPath

from fovea.datasets.checks import WrongError, whole
from fovea.datasets.dataset import DatasetImage
from fovea.datasets.masks import Box
from fovea.datasets.messages import Notes
from fovea.errors import DatasetError, ImageError
from fovea.picture import check_size, image_suffixes, shown_size


def image_header(path: Path, image_id: int) -> DatasetImage:
    """Reads the size of an image as a viewer shows it, without its pixels.

    Args:
        path: the image.
        image_id: its number in the data set.

    Returns:
        The image, not loaded.

    Raises:
        DatasetError: the file does not open.
    """
    return DatasetImage(image_id, path, *shown_size(path), upright=True)


def sized_image(path: Path, image_id: int, width: object, height: object, upright: bool = False) -> DatasetImage:
    """An image whose labels tell its size, or do not: then the file does.

    Args:
        path: the image.
        image_id: its number in the data set.
        width: as its labels tell it; none at all, and 0, which some tools write, tell nothing.
        height: likewise.
        upright: whether labels are made for the image as shown.

    Raises:
        WrongError: the labels tell a size that no image has.
        DatasetError: the file does not open.
    """
    size = _side(width, "width"), _side(height, "height")
    if 0 in size:
        return image_header(path, image_id)
    try:
        check_size(*size)
    except ImageError as error:
        raise WrongError(str(error)) from error
    return DatasetImage(image_id, path, *size, upright)


def _side(told: object, what: str) -> int:
    return 0 if told in (None, "") else whole(told, what)


def find_images(
    folder: Path, below: bool = False, notes: Notes | None = None, beside: Collection[str] = ()
) -> list[Path]:
    """Lists the images of a folder.

    Args:
        folder: the folder.
        below: also those of the folders inside it.
        notes: where files that are no images, and folders that are not searched, are counted.
        beside: suffixes of other files that belong there, and are not counted.

    Returns:
        Files with the suffix of an image, in the order of their names.

    Raises:
        DatasetError: there is no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder}: is no folder of images")
    suffixes, found = image_suffixes(), []
    for path in sorted(_files(folder, below)):
        if path.suffix.lower() in suffixes and path.is_file():
            found.append(path)
        elif notes is not None and not path.name.startswith(".") and path.suffix not in beside:
            notes.add("folders that are not searched" if path.is_dir() else "files that are no images", path.name)
    if not found:
        raise DatasetError(f"{folder}: holds no images")
    return found


def _files(folder: Path, below: bool) -> Iterator[Path]:
    if not below:
        yield from folder.iterdir()
        return
    seen: set[str] = set()  # a link may lead back
    for place, folders, names in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(place)) in seen:
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(place, name) for name in names)


def find_file(places: Sequence[Path], name: str) -> Path | None:
    r"""Looks for a file as labels name it: perhaps with the path that it had elsewhere, or with backslashes.

    Args:
        places: folders to look in.
        name: of the file, or its path.

    Returns:
        The file that most of the path leads to, in the first of the places that has it; None where there is none.

    Example:
        >>> find_file([Path("nowhere")], "C:\\images\\1.png") is None
        True
    """
    for ending in _endings(name):
        for place in places:
            # os.path, unlike Path, finds nothing where a name is too long or is no name.
            if os.path.isfile(path := os.path.join(place, ending)):  # noqa: PTH113, PTH118
                return Path(path)
    return None


def _endings(name: str) -> Iterator[str]:
    yield name
    parts = PureWindowsPath(name).parts
    yield from ("/".join(parts[first:]) for first in range(len(parts)))


def lies_on(image: DatasetImage, box: Box) -> bool:
    """Whether any part of a box lies on its image. Boxes often reach a little out of it.

    Args:
        image: the image.
        box: left, top, width, height in pixels.

    Raises:
        WrongError: it reaches out by more than the image's own size, so it belongs to another image, or another size.
    """
    left, top, width, height = box
    right, bottom = left + width, top + height
    if not (-image.width <= left <= right <= 2 * image.width and -image.height <= top <= bottom <= 2 * image.height):
        raise WrongError(
            f"its box from ({left:g}, {top:g}) to ({right:g}, {bottom:g}) reaches far out of the image of "
            f"{image.width} x {image.height}"
        )
    return left < image.width and top < image.height and right > 0 and bottom > 0
