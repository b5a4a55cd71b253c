"""Names of files, as the file systems of this machine take them."""

import sys
import unicodedata

_IGNORES_CASE = sys.platform in ("win32", "darwin")
"""Whether the usual file systems take names as the same that differ only in case, or in how accents are composed."""
_SEPARATORS = frozenset("\\:" if sys.platform == "win32" else "")
"""Characters that separate folders, drives and streams in paths; all systems also have the slash."""


def file_key(path: str) -> str:
    """Return a text that is the same for all paths of one file.

    Args:
        path: path of a file or folder.
    """
    return unicodedata.normalize("NFC", path).casefold() if _IGNORES_CASE else path


def is_name(text: str) -> bool:
    """Return whether a text is the name of one file or folder, and not a path that leads to another place.

    Args:
        text: name from a system whose names may have more characters.
    """
    return not _SEPARATORS.intersection(text)
