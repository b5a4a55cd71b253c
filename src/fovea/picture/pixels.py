"""Conversion of Pillow images of any mode to 8-bit RGB and alpha.

An image is converted strip by strip, and each strip is written to its place in the result. Besides the image and the
result, only one strip is in memory during the conversion of mode, color and orientation.
"""

from typing import NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fovea.bitstream import Mode
from fovea.errors import ImageError
from fovea.picture.arrays import to_eight_bits
from fovea.picture.color import ColorTransform

_Pixel = TypeVar("_Pixel", np.uint8, np.bool_)
_STRIP_PIXELS = 2**20
DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
"""Modes of gray with more than 8 bits. Pillow clips their samples to 0..255 instead of scaling them."""
_GRAY = ("1", "L", "LA", "La", *DEEP_MODES)


class _Orientation(NamedTuple):
    """An EXIF orientation, as the way from stored pixels to an upright picture and back.

    Attributes:
        swap: whether rows and columns change places.
        down: step along the stored rows, 1 or -1.
        right: step along the stored columns, 1 or -1.
    """

    swap: bool
    down: int
    right: int


_ORIENTATIONS = {
    2: _Orientation(swap=False, down=1, right=-1),
    3: _Orientation(swap=False, down=-1, right=-1),
    4: _Orientation(swap=False, down=-1, right=1),
    5: _Orientation(swap=True, down=1, right=1),
    6: _Orientation(swap=True, down=-1, right=1),
    7: _Orientation(swap=True, down=-1, right=-1),
    8: _Orientation(swap=True, down=1, right=-1),
}
_UPRIGHT = _Orientation(swap=False, down=1, right=1)


def mode_of(image: Image.Image) -> Mode:
    """Return the mode of the picture that an image becomes.

    Example:
        >>> [mode_of(Image.new(mode, (1, 1))) for mode in ("1", "La", "P", "RGBa", "I;16")]
        ['L', 'LA', 'RGB', 'RGBA', 'L']
    """
    color = "L" if image.mode in _GRAY else "RGB"
    return cast(Mode, color + "A" if image.has_transparency_data else color)


def pixels_of(
    image: Image.Image, transform: ColorTransform | None = None, orientation: int = 1
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Return the colors and the alpha plane of an image.

    Args:
        image: image of any mode.
        transform: transform of its colors; None to keep them.
        orientation: EXIF orientation, 1 to 8, to undo; 1 to keep the pixels as stored.

    Returns:
        The RGB pixels, uint8 [H, W, 3], and the alpha plane, uint8 [H, W], or None. Both are upright.

    Raises:
        ImageError: samples are outside the range of their mode.
        ValueError: Pillow cannot convert this mode.
    """
    width, height = image.size
    shape = (width, height) if _ORIENTATIONS.get(orientation, _UPRIGHT).swap else (height, width)
    mode = mode_of(image)
    pixels = np.empty((*shape, 3), np.uint8)
    alpha = np.empty(shape, np.uint8) if mode.endswith("A") else None

    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        colors, opacity = _strip(image.crop((0, top, width, bottom)), mode, transform)
        as_stored(pixels, orientation)[top:bottom] = colors
        if alpha is not None:
            as_stored(alpha, orientation)[top:bottom] = opacity
    return pixels, alpha


def as_shown(stored: NDArray[_Pixel], orientation: int) -> NDArray[_Pixel]:
    """Turn stored pixels upright, as viewers do.

    Args:
        stored: pixels as stored, [H, W, ...].
        orientation: EXIF orientation, 1 to 8. Any other number changes nothing.

    Returns:
        The upright pixels, [H, W, ...], or [W, H, ...] for orientations 5 to 8.

    Example:
        >>> as_shown(np.array([[1, 2, 3]], np.uint8), orientation=3)
        array([[3, 2, 1]], dtype=uint8)
    """
    turn = _ORIENTATIONS.get(orientation, _UPRIGHT)
    shown = stored[:: turn.down, :: turn.right]
    return np.ascontiguousarray(shown.swapaxes(0, 1) if turn.swap else shown)


def as_stored(shown: NDArray[_Pixel], orientation: int) -> NDArray[_Pixel]:
    """Return upright pixels in the order of the file, which undoes :func:`as_shown`.

    Args:
        shown: upright pixels, [H, W, ...].
        orientation: EXIF orientation, 1 to 8. Any other number changes nothing.

    Returns:
        A view of the pixels, [H, W, ...], or [W, H, ...] for orientations 5 to 8.

    Example:
        >>> as_stored(np.array([[1, 2, 3]], np.uint8), orientation=6)
        array([[3],
               [2],
               [1]], dtype=uint8)
    """
    turn = _ORIENTATIONS.get(orientation, _UPRIGHT)
    stored = shown.swapaxes(0, 1) if turn.swap else shown
    return stored[:: turn.down, :: turn.right]


def _strip(
    strip: Image.Image, mode: Mode, transform: ColorTransform | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | int]:
    """Return the colors of a strip, [h, W, 3], or [h, W, 1] for gray, and its alpha, [h, W], or 255 for all pixels."""
    alpha: NDArray[np.uint8] | int = 255
    if strip.mode in DEEP_MODES:
        samples = np.asarray(strip)
        if "transparency" in strip.info:
            alpha = np.where(samples == strip.info["transparency"], np.uint8(0), np.uint8(255))
        strip = Image.fromarray(deep_gray(samples))
    elif mode.endswith("A"):
        strip = strip.convert(mode)
        alpha = np.asarray(strip.getchannel("A"))
    color = mode.removesuffix("A")
    if strip.mode != "CMYK" or transform is None:
        strip = strip.convert(color)
    if transform is not None:
        strip = transform(strip).convert(color)
    return np.asarray(strip).reshape(strip.height, strip.width, -1), alpha


def deep_gray(samples: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale the samples of an image of one of the ``DEEP_MODES`` to 0..255.

    Raises:
        ImageError: samples are outside 0..65535, or outside 0..1 if they are floating-point numbers.
    """
    if samples.dtype.kind == "i":
        if samples.min() < 0 or samples.max() > 65535:
            raise ImageError("32-bit gray samples are outside 0..65535: scale the image to 16 or 8 bits")
        samples = samples.astype(np.uint16)
    return to_eight_bits(samples)
