"""What can be read from: bytes, or any binary file that is open."""

import io
import os
from mmap import mmap
from typing import IO, Any, cast

from fovea.forks import Lock

Source = bytes | bytearray | memoryview | mmap | IO[bytes]
"""A whole file in memory, or open in binary mode: on disk, mapped, compressed, a pipe, an answer of a server."""


def as_file(source: Source) -> IO[bytes]:
    """A source as a file that can seek, whose content counts from its start.

    Args:
        source: Bytes, or an open binary file. What cannot seek is read to its end, from where it stands.

    Returns:
        The file itself if it can seek.

    Raises:
        TypeError: The source is neither: a path, for one, or a file open as text or for writing.

    Example:
        >>> as_file(b"content").read()
        b'content'
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return io.BytesIO(bytes(source))
    file: Any = source
    if not hasattr(file, "read") or not _says(file, "readable") or not isinstance(file.read(0), bytes):
        raise TypeError(
            f"expected the bytes of a file, or the file opened in binary mode, not {type(source).__name__}:"
            " read a path with pathlib.Path(...).read_bytes()"
        )
    # A memory map has the method `seekable` only since Python 3.13.
    return cast("IO[bytes]", file if hasattr(file, "seek") and _says(file, "seekable") else io.BytesIO(file.read()))


def read_exactly(file: IO[bytes], count: int) -> bytes:
    """The next bytes of a file, fewer only where it ends: some files give less than asked for at a time."""
    data = file.read(count)
    while len(data) < count and (more := file.read(count - len(data))):
        data += more
    return data


class Parts:
    """Reads parts of a file that can seek, from several threads and processes.

    Args:
        file: What :func:`as_file` gave; nothing else may read from it meanwhile.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._lock = file, Lock()
        # Of a file on disk parts are read by their place: forked processes share the position of an open file.
        on_disk = type(file) is io.BufferedReader and type(file.raw) is io.FileIO
        self._number = file.fileno() if on_disk and hasattr(os, "pread") else None

    def read(self, offset: int, count: int) -> bytes:
        """The bytes of one part, fewer only where the file ends before."""
        if self._number is None:
            with self._lock:
                self._file.seek(offset)
                return read_exactly(self._file, count)
        parts = []
        while count and (part := os.pread(self._number, count, offset)):
            parts.append(part)
            offset, count = offset + len(part), count - len(part)
        return b"".join(parts)


def _says(file: Any, method: str) -> bool:
    return bool(getattr(file, method, lambda: True)())
