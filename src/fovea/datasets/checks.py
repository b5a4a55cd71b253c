"""Checks of single values of labels: each is read as what it is, or refused; none is turned into something else."""

import re
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fovea.errors import DatasetError

FAR = 1e9
"""What no coordinate in pixels reaches."""
MOST = 2**63 - 1
"""Largest whole number that is taken, such as an id."""
OUTSIDE = "objects outside of their images, which are left out"
"""What :class:`Notes` say of them in every format."""
_DECIMAL = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
_DIGITS = re.compile(r"\s*[0-9]{1,19}\s*")
_FLAGS = {"0": False, "1": True, "false": False, "true": True}
_SINGULAR = {"images": "image", "annotations": "annotation", "categories": "category"}
_LITERALS = {None: "null", True: "true", False: "false"}


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


def require(missing: Sequence[object], what: str) -> None:
    """Raises unless nothing is missing.

    Args:
        missing: what was not found.
        what: the words before the count.

    Raises:
        DatasetError: lists the first few.
    """
    if missing:
        raise DatasetError(f"{what}: {len(missing)} ({few(missing)})")


def few(items: Any) -> str:
    """The first of many, for a message of one line."""
    listed = [item if item.isprintable() and len(item) < 256 else shown(item) for item in map(str, items)]
    return ", ".join(listed[:5]) + (", ..." if len(listed) > 5 else "")


def shown(value: object) -> str:
    """A value as a file of labels writes it, cut where it is long, for a message of one line.

    Example:
        >>> shown([1, None, "a"]), shown("x" * 100)
        ("[1, null, 'a']", "'xxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxx'")
    """
    return _SHORT.repr(value)


class _Short(reprlib.Repr):
    """Short forms of what JSON and YAML hold."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxlong = 40
        self.maxlevel = 3

    def repr_bool(self, value: bool, level: int) -> str:
        return _LITERALS[value]

    def repr_NoneType(self, value: None, level: int) -> str:  # noqa: N802  # reprlib looks for the name of the type
        return _LITERALS[value]


_SHORT = _Short()


def entry_name(key: str, index: int, told: object) -> str:
    """What an entry of a list in COCO json is called in messages: by its id, or by its place where it has none.

    Example:
        >>> entry_name("annotations", 3, {"id": 4711}), entry_name("annotations", 3, {})
        ('annotation 4711', 'annotations[3]')
    """
    number = told.get("id") if isinstance(told, dict) else None
    if type(number) is int or (isinstance(number, str) and number):
        return f"{_SINGULAR[key]} {shown(number)}"
    return f"{key}[{index}]"


class Notes:
    """Counts what a data set leaves out or takes otherwise than it is written."""

    def __init__(self) -> None:
        self._entries: dict[str, list[str]] = {}

    def add(self, what: str, entry: object) -> None:
        """Counts one entry.

        Args:
            what: happens to entries of this kind, a clause.
            entry: name of it.
        """
        self._entries.setdefault(what, []).append(str(entry))

    def lines(self, file: Path) -> tuple[str, ...]:
        """One line for each kind.

        Args:
            file: that was read.
        """
        return tuple(f"{file}: {what}: {len(found)} ({few(found)})" for what, found in self._entries.items())
