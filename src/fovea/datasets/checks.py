"""Checks of single values of labels: each is read as what it is, or refused; none is turned into something else."""

import re
from pathlib import Path

from fovea.datasets.messages import shown
from fovea.errors import DatasetError

FAR = 1e9
"""What no coordinate in pixels reaches."""
MOST = 2**63 - 1
"""Largest whole number that is taken, such as an id."""
_DECIMAL = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
_DIGITS = re.compile(r"\s*[0-9]{1,19}\s*")
_FLAGS = {"0": False, "1": True, "false": False, "true": True}


class WrongError(ValueError):
    """What is wrong with one entry. Who reads the file puts the file and the entry before it."""

    def within(self, file: Path, entry: str) -> DatasetError:
        """The error that the user sees.

        Args:
            file: that was read.
            entry: of it, such as "annotation 7".
        """
        return DatasetError(f"{file}: {entry}: {self}")


def number(value: object, what: str, low: float, high: float) -> float:
    """A number as it stands in the file; text and truth values are none.

    Args:
        value: what was read.
        what: name of the field.
        low: least that is taken.
        high: most that is taken; both finite, so that NaN and infinity are never taken.

    Raises:
        WrongError: it is no such number.

    Example:
        >>> number(2, "width", 0, 9)
        2.0
        >>> number(float("nan"), "width", 0, 9)
        Traceback (most recent call last):
        fovea.datasets.checks.WrongError: width is nan: expected a finite number from 0 to 9
    """
    if (type(value) is float or type(value) is int) and low <= value <= high:
        return float(value)
    limits = f" from {low:g} to {high:g}" if high < FAR else ""
    raise WrongError(f"{what} is {shown(value)}: expected a finite number{limits}")


def parsed(word: str, what: str, low: float, high: float) -> float:
    """A number that stands in a text.

    Args:
        word: the text.
        what: name of the field.
        low: least that is taken.
        high: most that is taken.

    Raises:
        WrongError: it is no such number.

    Example:
        >>> parsed("1e-1", "width", 0, 1)
        0.1
    """
    # float() also takes NaN, infinity, underscores and the digits of all scripts.
    return number(float(word) if _DECIMAL.fullmatch(word) else word, what, low, high)


def whole(value: object, what: str, low: int = 0, high: int = MOST) -> int:
    """A whole number, also where it is written as 7.0 or as text.

    Args:
        value: what was read.
        what: name of the field.
        low: least that is taken.
        high: most that is taken.

    Raises:
        WrongError: it is no such number.

    Example:
        >>> whole("0017", "id"), whole(17.0, "id"), whole("1.7e1", "id")
        (17, 17, 17)
    """
    found: object = value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        found = int(value) if _DIGITS.fullmatch(value) else float(value)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if type(found) is int and low <= found <= high:
        return found
    if value is None:
        raise WrongError(f"{what} is missing: expected a whole number")
    limits = f" from {low} to {high}" if high < MOST else "" if type(found) is not int else f", at least {low}"
    raise WrongError(f"{what} is {shown(value)}: expected a whole number{limits}")


def flag(value: object, what: str) -> bool:
    """Yes or no: 0, 1, false or true, also as text; where nothing is said, no.

    Args:
        value: what was read.
        what: name of the field.

    Raises:
        WrongError: it is something else.

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
    raise WrongError(f"{what} is {shown(value)}: expected 0 or 1")


def text(value: object, what: str) -> str:
    """A text that is not empty and can be written in any encoding of Unicode.

    Args:
        value: what was read.
        what: name of the field.

    Raises:
        WrongError: it is something else.
    """
    if isinstance(value, str) and value and not any("\ud800" <= letter <= "\udfff" for letter in value):
        return value
    raise WrongError(f"{what} is {'missing' if value is None else shown(value)}: expected text")
