"""What users give to the codec, checked and in the form in which files hold it."""

import math
import operator
import re
from collections.abc import Iterable
from fractions import Fraction
from numbers import Real
from typing import Any

from numpy.typing import NDArray
from PIL import Image

from fovea.bitstream import MAX_TILE_SIZE, TILE_UNIT, Box
from fovea.errors import ArgumentError
from fovea.picture import Picture
from fovea.spec import FULL_SCALE, HIGHEST_BACKGROUND, HIGHEST_QUALITY

ScaleLike = str | float | Fraction
"""A size at which a picture is coded: a number of eighths of its own, such as 1, 0.75 or "1/2"; or "auto"."""
AUTO_SCALE = "auto"
"""The scale that lets the encoder choose."""

_NUMBER = re.compile(r"\d+([/.]\d+)?|\.\d+")

ImageLike = Image.Image | NDArray[Any] | Picture


def picture_of(image: ImageLike, keep_metadata: bool) -> Picture:
    """Return an image as a picture.

    Args:
        image: Pillow image, array or picture.
        keep_metadata: of a Pillow image: keep EXIF, ICC and XMP, and the pixels as they are stored.

    Raises:
        ImageError: the image cannot be coded, or is none.
    """
    if isinstance(image, Picture):
        return image
    if isinstance(image, Image.Image):
        return Picture.from_image(image, keep_metadata)
    return Picture.from_array(image)


def quality_number(quality: float) -> int:
    """Return a quality as files hold it: rounded to an integer.

    Raises:
        ArgumentError: it is out of range, or no number.
    """
    if not (isinstance(quality, Real) and 0 <= quality <= HIGHEST_QUALITY):
        raise ArgumentError(f"quality {quality!r} is out of range: choose 0 (smallest file) to {HIGHEST_QUALITY}")
    return round(quality)


def size_number(size: float) -> int:
    """Return the largest size of a file, in whole bytes.

    Raises:
        ArgumentError: it is negative, not finite, or no number.
    """
    if not (isinstance(size, Real) and 0 <= size < math.inf):
        raise ArgumentError(f"size {size!r} is out of range: choose a number of bytes")
    return int(size)


def background_number(background: float | None) -> int | None:
    """Return a background as files hold it: rounded to an integer; None stays.

    Raises:
        ArgumentError: it is out of range, or no number.
    """
    if background is None:
        return None
    if not (isinstance(background, Real) and 0 <= background <= HIGHEST_BACKGROUND):
        raise ArgumentError(
            f"background {background!r} is out of range: choose 0 (errors outside of objects count least) to"
            f" {HIGHEST_BACKGROUND} (they count as much as inside)"
        )
    return round(background)


def scale_number(scale: ScaleLike) -> int | None:
    """Return a scale as files hold it, in eighths; None for "auto".

    Raises:
        ArgumentError: the scale is neither a number of eighths from 1/8 to 1 nor "auto".

    Example:
        >>> scale_number("3/4"), scale_number(0.5), scale_number(1), scale_number("auto")
        (6, 4, 8, None)
    """
    if scale == AUTO_SCALE:
        return None
    try:
        eighths = FULL_SCALE * (fraction_of(scale) if isinstance(scale, str) else Fraction(float(scale)))
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        eighths = Fraction(0)
    if eighths not in range(1, FULL_SCALE + 1):
        choices = ", ".join(str(Fraction(number, FULL_SCALE)) for number in range(FULL_SCALE, 0, -1))
        raise ArgumentError(f"scale {scale!r} is none of {choices}, {AUTO_SCALE}")
    return int(eighths)


def is_number(text: str) -> bool:
    """Return whether a text has the form of a whole number, a fraction or a decimal without an exponent."""
    return _NUMBER.fullmatch(text) is not None


def fraction_of(text: str) -> Fraction:
    """Return the number that a text states, such as ``1/2``, ``0.75`` or ``960``.

    Raises:
        ValueError: the text is no such number. A number with a large exponent would take minutes and gigabytes.
        ZeroDivisionError: the fraction has the denominator 0.
    """
    if not is_number(text):
        raise ValueError(f"{text!r} is no number")
    return Fraction(text)


def tile_size_number(tile_size: int) -> int:
    """Return the size of tiles in pixels.

    Raises:
        ArgumentError: it is no multiple of 64, or out of range.
    """
    if tile_size not in range(TILE_UNIT, MAX_TILE_SIZE + 1, TILE_UNIT):
        raise ArgumentError(
            f"tile size {tile_size!r} is out of range: choose a multiple of {TILE_UNIT} up to {MAX_TILE_SIZE}"
        )
    return int(tile_size)


def region_box(region: Iterable[int]) -> Box:
    """Return a region, given as (left, top, width, height) in pixels.

    Raises:
        ArgumentError: the region is not four integers.
    """
    try:
        left, top, width, height = map(operator.index, region)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"region {region!r} is not (left, top, width, height), four integers") from error
    return Box(left, top, width, height)
