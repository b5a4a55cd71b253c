"""Finding the files of a folder, and counting those that are skipped."""

import os
import stat
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from fovea.cli.streams import printable

_LISTED = 5
"""Largest number of kinds of files in a message."""


class Survey(NamedTuple):
    """The result of a survey.

    Attributes:
        files: files with one of the suffixes, folder by folder in the order of their names.
        unread: errors about files or folders that cannot be read.
        passed_over: text about the kinds and numbers of other files, and the number of folders that were not searched;
            empty if there are none.
    """

    files: list[Path]
    unread: list[OSError]
    passed_over: str


def survey(folder: Path, suffixes: Collection[str], below: bool = True) -> Survey:
    """Find the files of a folder that have certain suffixes. Hidden files are ignored.

    Links to folders are not followed, because they may lead in circles or to the same files again. Special files, such
    as pipes and devices, are skipped.

    Args:
        folder: folder to search.
        suffixes: suffixes of the files, in lower case.
        below: whether to search the folders below it, too.

    Returns:
        The files, and the files and folders that were not taken.
    """
    files: list[Path] = []
    unread: list[OSError] = []
    others: Counter[str] = Counter()
    unsearched = 0
    for root, folders, names in os.walk(folder, onerror=unread.append):
        visible = sorted(name for name in folders if not name.startswith("."))
        folders[:] = [name for name in visible if below and not Path(root, name).is_symlink()]
        unsearched += len(visible) - len(folders)
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
    return Survey(files, unread, describe_others(others, unsearched))


def describe_others(kinds: Counter[str], folders: int = 0) -> str:
    """Return text about kinds of files, the most frequent kind first, and about folders that were not searched.

    Example:
        >>> describe_others(Counter({".mov": 1, ".txt": 2}), folders=1)
        '3 files were skipped: 2 .txt, 1 .mov; 1 folder was not searched'
    """
    parts = []
    if count := kinds.total():
        ordered = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))
        listed = [f"{number:,} {printable(kind)}" for kind, number in ordered[:_LISTED]]
        if rest := sum(number for _, number in ordered[_LISTED:]):
            listed.append(f"{rest:,} others")
        parts.append(f"{count:,} {'files were' if count > 1 else 'file was'} skipped: {', '.join(listed)}")
    if folders:
        parts.append(f"{folders:,} {'folders were' if folders > 1 else 'folder was'} not searched")
    return "; ".join(parts)
