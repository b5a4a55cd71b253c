"""Which files of a folder are taken, and what is passed over."""

import os
import stat
from collections import Counter
from collections.abc import Collection
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
        passed_over: how many files are not wanted, of which kinds, and how many folders were not searched, in words;
            empty where there are none.
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
    unsearched = 0
    for root, folders, names in os.walk(folder, onerror=unread.append):
        shown = sorted(name for name in folders if not name.startswith("."))
        folders[:] = [name for name in shown if below and not Path(root, name).is_symlink()]
        unsearched += len(shown) - len(folders)
        for path in (Path(root, name) for name in sorted(names) if not name.startswith(".")):
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
    return Survey(files, unread, _in_words(others, unsearched))


def _in_words(kinds: Counter[str], folders: int = 0) -> str:
    """Tell kinds of files, the most frequent first, and how many folders were not searched.

    Example:
        >>> _in_words(Counter({".mov": 1, ".txt": 2}), folders=1)
        '3 files were passed over: 2 .txt, 1 .mov; 1 folder was not searched'
    """
    told = []
    if count := kinds.total():
        ordered = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))
        listed = [f"{number:,} {printable(kind)}" for kind, number in ordered[:_TOLD]]
        if rest := sum(number for _, number in ordered[_TOLD:]):
            listed.append(f"{rest:,} others")
        told.append(f"{count:,} {'files were' if count > 1 else 'file was'} passed over: {', '.join(listed)}")
    if folders:
        told.append(f"{folders:,} {'folders were' if folders > 1 else 'folder was'} not searched")
    return "; ".join(told)
