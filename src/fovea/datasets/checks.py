"""Checks of single values that a label file holds: each value is read as what it is, or refused, and never converted
into something else. The errors tell the reason alone; the reader of the format adds the file and the entry.
"""

import re

from fovea.datasets.masks import Box
from fovea.datasets.messages import shown
from fovea.errors import DatasetError

FAR = 1e9
"""A bound in pixels that no coordinate reaches."""
MOST = 2**63 - 1
"""Largest integer that is accepted, for example as an id."""
_DECIMAL = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
_DIGITS = re.compile(r"\s*[0-9]{1,19}\s*")
_FLAGS = {"0": False, "1": True, "false": False, "true": True}


def number(value: object, what: str, low: float, high: float) -> float:
    """Read a number; text and the values true and false are refused.

    Args:
        value: value in the file.
        what: name of the field.
        low: smallest number that is accepted.
        high: largest number that is accepted; both bounds are finite, so NaN and infinity are always refused.

    Returns:
        The number.

    Raises:
        DatasetError: the value is no such number.

    Example:
        >>> number(2, "width", 0, 9)
        2.0
        >>> number(float("nan"), "width", 0, 9)
        Traceback (most recent call last):
        fovea.errors.DatasetError: width is nan: expected a finite number from 0 to 9
    """
    if (type(value) is float or type(value) is int) and low <= value <= high:
        return float(value)
    limits = f" from {low:g} to {high:g}" if high < FAR else ""
    raise DatasetError(f"{what} is {shown(value)}: expected a finite number{limits}")


def parsed(word: str, what: str, low: float, high: float) -> float:
    """Read a number that is written as text.

    Args:
        word: text in the file.
        what: name of the field.
        low: smallest number that is accepted.
        high: largest number that is accepted.

    Returns:
        The number.

    Raises:
        DatasetError: the text is no such number.

    Example:
        >>> parsed("1e-1", "width", 0, 1)
        0.1
    """
    # float() also accepts NaN, infinity, underscores and the digits of all scripts.
    return number(float(word) if _DECIMAL.fullmatch(word) else word, what, low, high)


def whole(value: object, what: str, low: int = 0, high: int = MOST) -> int:
    """Read an integer, which may also be written as 7.0 or as text.

    Args:
        value: value in the file.
        what: name of the field.
        low: smallest integer that is accepted.
        high: largest integer that is accepted.

    Returns:
        The integer.

    Raises:
        DatasetError: the value is no such integer.

    Example:
        >>> whole("0017", "id"), whole(17.0, "id"), whole("1.7e1", "id")
        (17, 17, 17)
    """
    if type(value) is int and low <= value <= high:
        return value
    found: object = value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        found = int(value) if _DIGITS.fullmatch(value) else float(value)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if type(found) is int and low <= found <= high:
        return found
    if value is None:
        raise DatasetError(f"{what} is missing: expected a whole number")
    limits = f" from {low} to {high}" if high < MOST else "" if type(found) is not int else f", at least {low}"
    raise DatasetError(f"{what} is {shown(value)}: expected a whole number{limits}")


def flag(value: object, what: str) -> bool:
    """Read a flag: 0, 1, false or true, as a value or as text. A flag that is missing is false.

    Args:
        value: value in the file, None where the field is missing.
        what: name of the field.

    Returns:
        The flag.

    Raises:
        DatasetError: the value is no flag.

    Example:
        >>> flag("0", "iscrowd"), flag(1, "iscrowd"), flag(None, "iscrowd")
        (False, True, False)
    """
    if value is None:
        return False
    if isinstance(value, str):
        value = _FLAGS.get(value.strip().lower(), value)
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    raise DatasetError(f"{what} is {shown(value)}: expected 0 or 1")


def text(value: object, what: str) -> str:
    """Read a text that is not empty and that can be encoded as UTF-8.

    Args:
        value: value in the file, None where the field is missing.
        what: name of the field.

    Returns:
        The text.

    Raises:
        DatasetError: the value is no text, is empty, or holds one half of a surrogate pair, which UTF-8 cannot encode.

    Example:
        >>> text("person", "name")
        'person'
    """
    if isinstance(value, str) and value and not any("\ud800" <= letter <= "\udfff" for letter in value):
        return value
    raise DatasetError(f"{what} is {'missing' if value is None else shown(value)}: expected text")


def overlaps_image(box: Box, width: int, height: int) -> bool:
    """Tell whether any part of a box lies on its image. Boxes often reach a little beyond the edges.

    Args:
        box: left, top, width, height in pixels.
        width: width of the image in pixels.
        height: height of the image in pixels.

    Returns:
        Whether box and image overlap.

    Raises:
        DatasetError: the box reaches beyond an edge by more than the size of the image, so it belongs to another image
            or to another size of this one.

    Example:
        >>> overlaps_image((-5, 0, 10, 10), 40, 20), overlaps_image((40, 0, 10, 10), 40, 20)
        (True, False)
    """
    left, top, box_width, box_height = box
    right, bottom = left + box_width, top + box_height
    if not (-width <= left <= right <= 2 * width and -height <= top <= bottom <= 2 * height):
        raise DatasetError(
            f"its box from ({left:g}, {top:g}) to ({right:g}, {bottom:g}) reaches far out of the image of "
            f"{width} x {height}"
        )
    return left < width and top < height and right > 0 and bottom > 0
