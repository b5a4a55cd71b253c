"""Orientation of labeled images: labels count pixels either as the file stores them or as a viewer shows them, turned
by the EXIF orientation.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fovea.errors import DatasetError, ImageError, about
from fovea.picture import Picture, as_shown, as_stored, check_size, opened, orientation_of


def open_labeled(path: Path, size: tuple[int, int] | None = None, upright: bool = False) -> NDArray[np.uint8]:
    """Read an image so that its pixels are counted as its labels count them.

    An image that is stored in the labeled size is read as stored; any other is turned by its EXIF orientation.

    Args:
        path: path of the image file.
        size: width and height according to the labels; None where they state none.
        upright: whether the labels state that they count pixels as shown, in whatever size the image is stored.

    Returns:
        uint8 [H, W, 3], RGB, without alpha; other modes are converted as :meth:`Picture.from_image` does.

    Raises:
        DatasetError: the file does not open as an image, or the image has another size; names the file.
    """
    try:
        with opened(path) as image:
            pixels = Picture.from_image(image).pixels
            if upright or image.size != size:
                pixels = as_shown(pixels, orientation_of(image))
    except ImageError as error:
        raise _not_an_image(path, error) from error
    height, width = pixels.shape[:2]
    if size is not None and size != (width, height):
        raise DatasetError(
            f"is {width} x {height}, and the labels are made for {size[0]} x {size[1]}: "
            "take the images that belong to them",
            path=path,
        )
    return pixels


def orient_mask(
    mask: NDArray[np.bool_], path: Path, size: tuple[int, int], upright: bool, shown: bool
) -> NDArray[np.bool_]:
    """Turn a mask that was drawn from labels in the way in which the image is read.

    Args:
        mask: bool [H, W], whose pixels are counted as the labels count them.
        path: path of the image file.
        size: width and height according to the labels.
        upright: as for :func:`open_labeled`.
        shown: whether the image is read as it is shown; otherwise it is read as it is stored.

    Returns:
        The mask, turned like the image.

    Raises:
        ImageError: the file does not open as an image; names the file.
    """
    with about(path), opened(path) as image:
        orientation = orientation_of(image)
        labeled_as_shown = upright or image.size != size
    if labeled_as_shown == shown:
        return mask
    return as_shown(mask, orientation) if shown else as_stored(mask, orientation)


def shown_size(path: Path) -> tuple[int, int]:
    """Return the width and height of an image as a viewer shows it, without reading its pixels.

    Args:
        path: path of the image file.

    Raises:
        DatasetError: the file does not open as an image; names the file.
    """
    try:
        with opened(path) as image:
            width, height = image.size
            check_size(width, height)  # some formats are decoded to find the orientation
            lying = 5 <= orientation_of(image) <= 8  # these orientations lie on their side
    except ImageError as error:
        raise _not_an_image(path, error) from error
    return (height, width) if lying else (width, height)


def _not_an_image(path: Path, error: ImageError) -> DatasetError:
    return DatasetError(f"does not open as an image: {error.reason}", path=path)
