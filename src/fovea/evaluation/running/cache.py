"""What was worked out before, kept by content in one file."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fovea.errors import FoveaError

_PATIENCE = 60.0
"""Seconds to wait while another process writes."""


def digest(*parts: Any) -> str:
    """A key made of everything a result depends on.

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
    """Bytes by key, in an SQLite file: what was put survives a crash, and what was interrupted leaves no trace.

    Args:
        path: the file, made if it is not there.

    Raises:
        FoveaError: the file cannot be opened, or is no such file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_PATIENCE)
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
        return self._one("SELECT 1 FROM found WHERE key = ?", key) is not None

    def get(self, key: str) -> bytes | None:
        """What was put under a key, or None."""
        row = self._one("SELECT value FROM found WHERE key = ?", key)
        return None if row is None else bytes(row[0])

    def put(self, items: Mapping[str, bytes]) -> None:
        """Keeps values: all of them, or none if it fails.

        Raises:
            FoveaError: the disk is full, or the file cannot be written.
        """
        try:
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO found VALUES (?, ?)", items.items())
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _one(self, query: str, key: str) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = self._db.execute(query, (key,)).fetchone()
        except sqlite3.Error as error:
            raise self._failure(error) from error
        return row

    def _failure(self, error: Exception) -> FoveaError:
        if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
            return FoveaError(f"{self.path} is no cache of an evaluation: delete it, or name another with --cache")
        if "full" in str(error):
            return FoveaError(f"{self.path}: the disk is full: make room and run again, all work so far is kept")
        return FoveaError(f"{self.path}: {error}")
