"""What is told of labels: each line short, and of printable characters, whatever the labels hold."""

import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fovea.errors import DatasetError

_SINGULAR = {"images": "image", "annotations": "annotation", "categories": "category"}
_LITERALS = {None: "null", True: "true", False: "false"}
OUTSIDE = "objects outside of their images, which are left out"
"""What :class:`Notes` say of them in every format."""


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
    listed = [printable(item) if len(item) < 256 else shown(item) for item in map(str, items)]
    return ", ".join(listed[:5]) + (", ..." if len(listed) > 5 else "")


def printable(text: str) -> str:
    r"""A text on one line, with escapes in the place of what cannot be seen.

    Example:
        >>> print(printable("a\n\ufeffb c"))
        a\n\ufeffb c
    """
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


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
