"""Files that have all of their content or are not there."""

import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from fovea.errors import FoveaError


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that appears, or replaces the one before, when all went well; folders on the way are made.

    It is written under a name of its own beside its place and then renamed, so that no reader ever finds half of it
    and several writers do not meet. Errors of what else is done meanwhile, such as reading, pass as they are.

    Raises:
        FoveaError: the file cannot be written. The message names it.
    """
    place = path.resolve()  # of a link, replace what it points to
    part = place.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with naming(str(path)):
            place.parent.mkdir(parents=True, exist_ok=True)
            raw = _Part(part, path)
        with io.BufferedWriter(raw) as file:
            yield file
        with naming(str(path)):
            part.replace(place)
    finally:
        with suppress(OSError):  # it is gone where all went well
            part.unlink()


@contextmanager
def naming(output: str) -> Iterator[None]:
    """Say of an error which output cannot be written."""
    try:
        yield
    except BrokenPipeError:  # whoever read the output wants no more of it, nor a message
        raise
    except OSError as error:
        raise FoveaError(f"{output} cannot be written: {error.strerror or error}") from error


class _Part(io.FileIO):
    """A new file whose errors name the file that it will be, and are thereby told from those of reading another."""

    def __init__(self, part: Path, path: Path) -> None:
        super().__init__(part, "xb")
        self._path = path

    def write(self, data: Any, /) -> int:
        with naming(str(self._path)):
            return super().write(data)

    def fileno(self) -> int:
        raise io.UnsupportedOperation("Pillow would write to it past write(), whose errors name the file")
