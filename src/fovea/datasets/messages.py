"""What is said about label files: every line is short and of printable characters, whatever the files hold."""

import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fovea.errors import DatasetError

_LITERALS = {None: "null", True: "true", False: "false"}
OUTSIDE = "objects outside of their images, which are left out"
"""What :class:`Notes` say of such objects in every format."""


def require(missing: Sequence[object], what: str) -> None:
    """Raise unless nothing is missing.

    Args:
        missing: names of what was not found.
        what: words before the count.

    Raises:
        DatasetError: something is missing; lists the first few names.
    """
    if missing:
        raise DatasetError(f"{what}: {len(missing)} ({few(missing)})")


def few(items: Any) -> str:
    """Return the first of many items as text, for a message of one line.

    Example:
        >>> few(range(9))
        '0, 1, 2, 3, 4, ...'
    """
    listed = [printable(item) if len(item) < 256 else shown(item) for item in map(str, items)]
    return ", ".join(listed[:5]) + (", ..." if len(listed) > 5 else "")


def printable(text: str) -> str:
    r"""Return a text on one line, with escapes in place of characters that cannot be seen.

    Example:
        >>> print(printable("a\n\ufeffb c"))
        a\n\ufeffb c
    """
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def shown(value: object) -> str:
    """Return a value as a label file writes it, shortened where it is long, for a message of one line.

    Example:
        >>> shown([1, None, "a"]), shown("x" * 100)
        ("[1, null, 'a']", "'xxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxx'")
    """
    return _SHORT.repr(value)


class _Short(reprlib.Repr):
    """Short forms of the values that JSON and YAML hold."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxlong = 40
        self.maxlevel = 3

    def repr_bool(self, value: bool, level: int) -> str:
        return _LITERALS[value]

    def repr_NoneType(self, value: None, level: int) -> str:  # noqa: N802  # reprlib looks for the name of the type
        return _LITERALS[value]


_SHORT = _Short()


class Notes:
    """Counts of the entries that a data set leaves out, or reads otherwise than they are written."""

    def __init__(self) -> None:
        self._entries: dict[str, list[str]] = {}

    def add(self, what: str, entry: object) -> None:
        """Count one entry.

        Args:
            what: clause that names the kind of entries and what happens to them.
            entry: name of the entry.
        """
        self._entries.setdefault(what, []).append(str(entry))

    def lines(self, file: Path) -> tuple[str, ...]:
        """Return one line for each kind of entries.

        Args:
            file: file or folder of the data set.
        """
        return tuple(f"{file}: {what}: {len(found)} ({few(found)})" for what, found in self._entries.items())
