"""Labeled images: labels count pixels as they are stored, or as they are shown."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fovea.errors import DatasetError, ImageError
from fovea.picture.files import opened
from fovea.picture.metadata import orientation_of
from fovea.picture.picture import Picture, check_size
from fovea.picture.pixels import as_shown, as_stored


def open_labeled(path: Path, size: tuple[int, int] | None = None, upright: bool = False) -> NDArray[np.uint8]:
    """Read an image as its labels count pixels: as stored if that has the labeled size, else turned as EXIF says.

    Args:
        path: Of the image file.
        size: Width and height according to the labels; None where they do not tell.
        upright: The labels say that they count pixels as shown, whatever size the image is stored in.

    Returns:
        The colors as :meth:`Picture.from_image` brings them to uint8 [H, W, 3], RGB; without alpha.

    Raises:
        DatasetError: The file does not open as an image, or the image has another size. The message names it.
    """
    try:
        with opened(path) as image:
            pixels = Picture.from_image(image).pixels
            if upright or image.size != size:
                pixels = as_shown(pixels, orientation_of(image))
    except ImageError as error:
        raise DatasetError(f"{path}: does not open as an image: {error}") from error
    height, width = pixels.shape[:2]
    if size is not None and size != (width, height):
        raise DatasetError(
            f"{path}: is {width} x {height}, and the labels are made for {size[0]} x {size[1]}: "
            "take the images that belong to them"
        )
    return pixels


def lay_labels(
    mask: NDArray[np.bool_], path: Path, size: tuple[int, int], upright: bool, shown: bool
) -> NDArray[np.bool_]:
    """Lay what labels mark on an image as the image is read.

    Args:
        mask: [H, W], as the labels count pixels.
        path: Of the image file.
        size: Width and height according to the labels.
        upright: As for :func:`open_labeled`.
        shown: The image is read as it is shown; otherwise as it is stored.

    Returns:
        The mask turned like the image.

    Raises:
        ImageError: The file does not open as an image. The message names it.
    """
    with opened(path) as image:
        orientation = orientation_of(image)
        labeled_as_shown = upright or image.size != size
    if labeled_as_shown == shown:
        return mask
    return as_shown(mask, orientation) if shown else as_stored(mask, orientation)


def shown_size(path: Path) -> tuple[int, int]:
    """Width and height of an image as a viewer shows it, without reading its pixels.

    Args:
        path: Of the image file.

    Raises:
        DatasetError: The file does not open as an image. The message names it.
    """
    try:
        with opened(path) as image:
            width, height = image.size
            check_size(width, height)  # some formats are decoded to find the orientation
            # Orientations 5 to 8 lie on their side. Of a TIFF Pillow tells the size as shown.
            lying = image.format != "TIFF" and 5 <= orientation_of(image) <= 8
    except ImageError as error:
        raise DatasetError(f"{path}: does not open as an image: {error}") from error
    return (height, width) if lying else (width, height)
