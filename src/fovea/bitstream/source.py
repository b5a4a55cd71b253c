"""The sources of a coded picture: bytes, or any binary file that is open."""

import io
import os
from mmap import mmap
from typing import IO, Any, cast

Source = bytes | bytearray | memoryview | mmap | IO[bytes]
"""A whole file in memory, or open in binary mode: on disk, mapped, compressed, a pipe, an answer of a server."""


def as_file(source: Source) -> IO[bytes]:
    """Return a source as a file that can seek and whose content begins at its start.

    Args:
        source: bytes, or an open binary file. A file that cannot seek is read from its position to its end.

    Returns:
        The file itself if it can seek; for a file on disk another one, whose position no forked process shares.

    Raises:
        TypeError: the source is something else, such as a path, or a file that is open as text or for writing.

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
    if type(file) is io.BufferedReader and type(file.raw) is io.FileIO and file.seekable() and hasattr(os, "preadv"):
        return io.BufferedReader(OnDisk(file))
    # A memory map has the method `seekable` only since Python 3.13.
    return cast("IO[bytes]", file if hasattr(file, "seek") and _says(file, "seekable") else io.BytesIO(file.read()))


def read_exactly(file: IO[bytes], count: int) -> bytes:
    """Read the next ``count`` bytes of a file, and fewer only at its end: some files give less at a time."""
    data = file.read(count)
    while len(data) < count and (more := file.read(count - len(data))):
        data += more
    return data


class OnDisk(io.RawIOBase):
    """A file on disk with a position of its own: forked processes share the position of an open file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._position = file, 0  # the file, so that it stays open

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer and move the position; return the number of bytes, 0 at the end."""
        count = os.preadv(self._file.fileno(), [buffer], self._position)
        self._position += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: os.fstat(self._file.fileno()).st_size}
        self._position = base[whence] + offset
        return self._position


def _says(file: Any, method: str) -> bool:
    try:
        return bool(getattr(file, method, lambda: True)())
    except AttributeError:  # so tarfile answers about a member of an archive that it reads as a stream
        return False
