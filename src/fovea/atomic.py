"""Files that have all of their content or are not there."""

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

_unfinished: set[Path] = set()


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that appears, or replaces the one before, when all went well; folders on the way are made.

    It is written under a name of its own beside its place and then renamed, so that no reader ever finds half of it
    and several writers do not meet. It gets the permissions of the file that it replaces. Errors of what else is done
    meanwhile, such as reading, pass as they are.

    Raises:
        FoveaError: the file cannot be written. The error names it.
    """
    place = Path(os.path.realpath(path))  # of a link, replace what it points to
    part = place.with_name(f".{secrets.token_hex(8)}.part")
    _unfinished.add(part)
    try:
        with naming(path):
            place.parent.mkdir(parents=True, exist_ok=True)
            before = _permissions(place)
            raw = _Part(part, path, 0o666 if before is None else before)
        with io.BufferedWriter(raw) as file:
            yield file
        with naming(path):
            if before is not None:
                with suppress(OSError):  # some file systems have no permissions
                    part.chmod(before)
            part.replace(place)
    finally:
        _discard(part)


def discard_unfinished() -> None:
    """Remove the files that any thread is writing: for a process that ends without waiting for its threads."""
    for part in tuple(_unfinished):
        _discard(part)


def _discard(part: Path) -> None:
    with suppress(OSError):  # it is gone where all went well
        part.unlink()
    _unfinished.discard(part)


def _permissions(place: Path) -> int | None:
    """Those of a file to replace, or None where there is none."""
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return mode & 0o777


@contextmanager
def naming(output: Path | None) -> Iterator[None]:
    """Tell of an error which output cannot be written.

    Args:
        output: the file or folder; None for the standard output.
    """
    try:
        yield
    except BrokenPipeError:  # whoever read the output wants no more of it, nor a message
        raise
    except OSError as error:
        what = "the output " if output is None else ""
        raise FoveaError(f"{what}cannot be written: {error.strerror or error}", path=output) from error


class _Part(io.FileIO):
    """A new file whose errors name the file that it will be, and are thereby told from those of reading another.

    Until it is complete, nobody may read it who may not read the file that it replaces.
    """

    def __init__(self, part: Path, path: Path, permissions: int) -> None:
        super().__init__(part, "xb", opener=lambda name, flags: os.open(name, flags, permissions))
        self._path = path

    def write(self, data: Any, /) -> int:
        with naming(self._path):
            return super().write(data)

    def fileno(self) -> int:
        raise io.UnsupportedOperation("Pillow would write to it past write(), whose errors name the file")
