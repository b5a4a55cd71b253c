"""Files that have all of their content or are not there."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from fovea.errors import FoveaError


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that appears, or replaces the one before, when all went well; folders on the way are made.

    It is written under a name of its own beside its place and then renamed, so that no reader ever finds half of it
    and several writers do not meet.

    Raises:
        FoveaError: the file cannot be written. The message names it.
    """
    place = path.resolve()  # of a link, replace what it points to
    part = place.with_name(f".{secrets.token_hex(8)}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            yield file
        part.replace(place)
    except OSError as error:
        raise FoveaError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # it is gone where all went well
            part.unlink()
