"""What can be read from: bytes, or any binary file that is open."""

import io
import os
from mmap import mmap
from typing import IO, Any, cast

Source = bytes | bytearray | memoryview | mmap | IO[bytes]
"""A whole file in memory, or open in binary mode: on disk, mapped, compressed, a pipe, an answer of a server."""


def as_file(source: Source) -> IO[bytes]:
    """A source as a file that can seek, whose content counts from its start.

    Args:
        source: Bytes, or an open binary file. What cannot seek is read to its end, from where it stands.

    Returns:
        The file itself if it can seek; of a file on disk one that no forked process shares the position of.

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
    if type(file) is io.BufferedReader and type(file.raw) is io.FileIO and file.seekable() and hasattr(os, "preadv"):
        return io.BufferedReader(OnDisk(file))
    # A memory map has the method `seekable` only since Python 3.13.
    return cast("IO[bytes]", file if hasattr(file, "seek") and _says(file, "seekable") else io.BytesIO(file.read()))


def read_exactly(file: IO[bytes], count: int) -> bytes:
    """The next bytes of a file, fewer only where it ends: some files give less than asked for at a time."""
    data = file.read(count)
    while len(data) < count and (more := file.read(count - len(data))):
        data += more
    return data


class OnDisk(io.RawIOBase):
    """A file on disk, read by place: forked processes share the position of an open file, and would meet there."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._position = file, 0  # the file, so that it stays open

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can seek."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer from the position on, and move that; gives the number of bytes, 0 at the end."""
        count = os.preadv(self._file.fileno(), [buffer], self._position)
        self._position += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position, as files do."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: os.fstat(self._file.fileno()).st_size}
        self._position = base[whence] + offset
        return self._position


def _says(file: Any, method: str) -> bool:
    return bool(getattr(file, method, lambda: True)())
