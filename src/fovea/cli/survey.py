"""Which files of a folder are taken, and what is passed over."""

import os
import stat
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from fovea.cli.streams import printable

_TOLD = 5
"""Kinds of files that are named at most."""


class Survey(NamedTuple):
    """What was found.

    Attributes:
        files: those that are wanted, in the order in which they were found.
        unread: why others that are wanted, or folders, cannot be read.
        passed_over: how many files are not wanted, of which kinds, in words; empty where there are none.
    """

    files: list[Path]
    unread: list[OSError]
    passed_over: str


def survey(folder: Path, suffixes: Collection[str], below: bool = True) -> Survey:
    """Look for files in a folder, past hidden ones.

    Links to folders are not followed: they may lead in circles, or to the same images twice. Special files, such as
    pipes and devices, are passed over, whatever their names.

    Args:
        folder: where to look.
        suffixes: of the files that are wanted, in lower case.
        below: look into the folders below it, too.
    """
    files: list[Path] = []
    unread: list[OSError] = []
    others: Counter[str] = Counter()
    for path in _entries(folder, below, unread):
        suffix = path.suffix.lower()
        if suffix not in suffixes:
            others[suffix or "without a suffix"] += 1
            continue
        try:
            mode = path.stat().st_mode
        except OSError as error:
            unread.append(error)
            continue
        if stat.S_ISREG(mode):
            files.append(path)
        else:
            others["special"] += 1
    return Survey(files, unread, _in_words(others))


def _entries(folder: Path, below: bool, unread: list[OSError]) -> Iterator[Path]:
    """All that is no folder, sorted, without hidden ones."""
    for root, folders, names in os.walk(folder, onerror=unread.append):
        folders[:] = sorted(name for name in folders if below and not name.startswith("."))
        yield from (Path(root, name) for name in sorted(names) if not name.startswith("."))


def _in_words(kinds: Counter[str]) -> str:
    """Tell kinds of files, the most frequent first.

    Example:
        >>> _in_words(Counter({".mov": 1, ".txt": 2}))
        '3 files were passed over: 2 .txt, 1 .mov'
    """
    if not kinds:
        return ""
    ordered = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))
    told = [f"{count:,} {printable(kind)}" for kind, count in ordered[:_TOLD]]
    if rest := sum(count for _, count in ordered[_TOLD:]):
        told.append(f"{rest:,} others")
    count = kinds.total()
    return f"{count:,} {'files were' if count > 1 else 'file was'} passed over: {', '.join(told)}"
