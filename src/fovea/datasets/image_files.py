"""Image files of a data set: where they lie, and their sizes, which are read without decoding them."""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PureWindowsPath

from fovea.datasets.checks import whole
from fovea.datasets.dataset import DatasetImage
from fovea.datasets.messages import Notes
from fovea.datasets.orientation import shown_size
from fovea.errors import DatasetError, ImageError
from fovea.picture import check_size, image_suffixes


def image_header(path: Path, image_id: int) -> DatasetImage:
    """Read the size of an image as a viewer shows it, without reading its pixels.

    Args:
        path: path of the image.
        image_id: id of the image in the data set.

    Returns:
        The image, whose labels count pixels as shown.

    Raises:
        DatasetError: the file does not open as an image.
    """
    return DatasetImage(image_id, path, *shown_size(path), upright=True)


def sized_image(path: Path, image_id: int, width: object, height: object, upright: bool = False) -> DatasetImage:
    """Return an image with the size that its labels state, or with the size of the file where they state none.

    Args:
        path: path of the image.
        image_id: id of the image in the data set.
        width: width in the label file; None, empty text, and 0, which some tools write, state none.
        height: height in the label file, likewise.
        upright: whether the labels count pixels of the image as shown.

    Returns:
        The image; its file is not read where the labels state the size.

    Raises:
        DatasetError: the labels state a size that no image has, or the file does not open as an image.
    """
    size = _side(width, "width"), _side(height, "height")
    if 0 in size:
        return image_header(path, image_id)
    try:
        check_size(*size)
    except ImageError as error:
        raise DatasetError(error.reason) from error
    return DatasetImage(image_id, path, *size, upright)


def _side(value: object, what: str) -> int:
    return 0 if value in (None, "") else whole(value, what)


def find_images(
    folder: Path, below: bool = False, notes: Notes | None = None, beside: Collection[str] = ()
) -> list[Path]:
    """List the images of a folder.

    Args:
        folder: folder to search.
        below: whether the folders inside it are searched, too.
        notes: where to count files that are no images, and folders that are not searched.
        beside: suffixes of other files that belong there and are not counted.

    Returns:
        The files with the suffix of an image, sorted by name.

    Raises:
        DatasetError: there is no such folder, or it holds no image.
    """
    if not folder.is_dir():
        raise DatasetError("is no folder of images", path=folder)
    suffixes, found = image_suffixes(), []
    for path in sorted(_files(folder, below)):
        if path.suffix.lower() in suffixes and path.is_file():
            found.append(path)
        elif notes is not None and not path.name.startswith(".") and path.suffix not in beside:
            notes.add("folders that are not searched" if path.is_dir() else "files that are no images", path.name)
    if not found:
        raise DatasetError("holds no images", path=folder)
    return found


def _files(folder: Path, below: bool) -> Iterator[Path]:
    if not below:
        yield from folder.iterdir()
        return
    seen: set[str] = set()  # a link may lead back to a folder above it
    for place, folders, names in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(place)) in seen:
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(place, name) for name in names)


def find_file(places: Sequence[Path], name: str) -> Path | None:
    r"""Find a file by the name in the labels, which may include the path that it had elsewhere, or backslashes.

    Args:
        places: folders to look in.
        name: name or path of the file.

    Returns:
        The file at the longest ending of the path that exists, in the first of the folders that has it; None where no
        folder has it.

    Example:
        >>> find_file([Path("nowhere")], "C:\\images\\1.png") is None
        True
    """
    for ending in _endings(name):
        for place in places:
            # os.path, unlike Path, finds nothing where a name is too long or invalid.
            if os.path.isfile(path := os.path.join(place, ending)):  # noqa: PTH113, PTH118
                return Path(path)
    return None


def _endings(name: str) -> Iterator[str]:
    yield name
    parts = PureWindowsPath(name).parts
    yield from ("/".join(parts[first:]) for first in range(len(parts)))
