"""A store of results on disk, by the content that each result depends on."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fovea.errors import FoveaError

_LOCK_TIMEOUT = 60.0
"""Seconds to wait while another process writes."""


def digest(*parts: Any) -> str:
    """Return a key made of everything that a result depends on.

    Args:
        parts: anything that json can write.

    Returns:
        32 hexadecimal digits.

    Example:
        >>> digest("jpeg", 30) == digest("jpeg", 30), digest("jpeg", 30) == digest("jpeg", 31)
        (True, False)
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


class Cache:
    """Bytes by key, in an SQLite file. What was put survives a crash; a put that is interrupted leaves no trace.

    Args:
        path: the file, which is made if it is not there.

    Raises:
        FoveaError: the file cannot be opened, or is not a cache.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_LOCK_TIMEOUT)
            with self._db:
                self._db.execute("CREATE TABLE IF NOT EXISTS found (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
        except (OSError, sqlite3.Error) as error:
            raise self._failure(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def __contains__(self, key: str) -> bool:
        return self._row("SELECT 1 FROM found WHERE key = ?", key) is not None

    def get(self, key: str) -> bytes | None:
        """Return what was put under a key, or None."""
        row = self._row("SELECT value FROM found WHERE key = ?", key)
        return None if row is None else bytes(row[0])

    def put(self, items: Mapping[str, bytes]) -> None:
        """Store values under their keys, all of them or, if that fails, none.

        Raises:
            FoveaError: the disk is full, or the file cannot be written.
        """
        try:
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO found VALUES (?, ?)", items.items())
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _row(self, query: str, key: str) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = self._db.execute(query, (key,)).fetchone()
        except sqlite3.Error as error:
            raise self._failure(error) from error
        return row

    def _failure(self, error: Exception) -> FoveaError:
        reason = str(error)
        if "not a database" in reason:
            reason = "is not the cache of an evaluation: delete it, or name another file with --cache"
        elif "full" in reason:
            reason = "the disk is full: make room and run again, all work so far is kept"
        return FoveaError(reason, path=self.path)
