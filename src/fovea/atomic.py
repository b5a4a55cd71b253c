"""Output files that either have all of their content or do not exist."""

import errno
import io
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from fovea.errors import FoveaError
from fovea.forks import Lock

_temporary_files: set[Path] = set()
_creating = Lock()
"""Held while a temporary file is created, and by a process that ends."""


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears, or replaces an existing file, only when the block ends without an error.

    The content goes to a temporary file in the same folder, which is renamed at the end. No reader ever finds a partial
    file, and several writers do not disturb each other. Missing folders are made. A file that replaces another one gets
    its permissions. Errors inside the block that have nothing to do with this file pass through unchanged.

    Args:
        path: path of the file.

    Yields:
        The temporary file, open for writing.

    Raises:
        FoveaError: the file cannot be written. The error names it.
    """
    target = Path(os.path.realpath(path))  # a link stays, and the file that it points to is replaced
    temporary = target.with_name(f".{secrets.token_hex(8)}.part")
    _temporary_files.add(temporary)
    try:
        with write_errors(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            permissions = _permissions(target)
            with _creating:
                raw = _TemporaryFile(temporary, path, 0o666 if permissions is None else permissions)
        with io.BufferedWriter(raw) as file:
            yield file
        with write_errors(path):
            if permissions is not None:
                with suppress(OSError):  # some file systems have no permissions
                    temporary.chmod(permissions)
            temporary.replace(target)
    finally:
        _discard(temporary)


@contextmanager
def unfinished_discarded() -> Iterator[None]:
    """Remove the temporary files of all threads. Inside the block, no other thread can create one.

    It is for a process that ends inside the block, without waiting for its threads.
    """
    with _creating:
        for temporary in tuple(_temporary_files):
            _discard(temporary)
        yield


def _discard(temporary: Path) -> None:
    with suppress(OSError):  # after a success it has been renamed
        temporary.unlink()
    _temporary_files.discard(temporary)


def _permissions(path: Path) -> int | None:
    """Return the permissions of an existing file, or None if there is no file."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return mode & 0o777


@contextmanager
def write_errors(output: Path | None) -> Iterator[None]:
    """Turn each ``OSError`` of the block into an error that says which output cannot be written.

    A broken pipe passes through unchanged: the reader of the output has ended, and needs no message.

    Args:
        output: path of the file or folder; None for the standard output.

    Raises:
        FoveaError: the output cannot be written.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        subject = "the output " if output is None else ""
        raise FoveaError(f"{subject}cannot be written: {error.strerror or error}", path=output) from error


class _TemporaryFile(io.FileIO):
    """A temporary file whose write errors name the output file.

    Write errors are thereby different from errors of reading another file in the same block. The temporary file has
    the permissions of the file that it replaces, so that it is never readable for more users than that file.
    """

    def __init__(self, temporary: Path, output: Path, permissions: int) -> None:
        super().__init__(temporary, "xb", opener=lambda name, flags: os.open(name, flags, permissions))
        self._output = output

    def write(self, data: Any, /) -> int:
        with write_errors(self._output):
            return super().write(data)

    def fileno(self) -> int:
        raise io.UnsupportedOperation("Pillow would use the number to write past write(), whose errors name the output")
