"""IN and OUT: which file becomes which, and how each is opened."""

import io
import os
import secrets
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

import click

from fovea.errors import FoveaError

PIPE = Path("-")


class Task(NamedTuple):
    """One file to convert; either side may be ``PIPE``."""

    source: Path
    target: Path


def name_of(path: Path) -> str:
    """A path as it is shown to the user."""
    return "the input" if path == PIPE else str(path)


def plan(source: Path, target: Path, suffixes: Collection[str], suffix: str) -> list[Task]:
    """What to convert to what.

    Args:
        source: file, pipe, or folder; of a folder every file with one of ``suffixes`` is converted, below it too.
        target: file, pipe, or folder; a folder mirrors the tree of ``source``.
        suffixes: of the files wanted in a folder, in lower case.
        suffix: of the files written to a folder.

    Returns:
        Tasks, ordered by path, no two with the same target.

    Raises:
        click.UsageError: source and target do not fit each other.
        FoveaError: the folder has nothing to convert, or two of its files would become the same.
    """
    if target == PIPE and sys.stdout.isatty():
        raise click.UsageError("the standard output is a terminal: redirect it, or name a file")
    if source == PIPE or not source.is_dir():
        if target.is_dir():
            if source == PIPE:
                raise click.UsageError(f"a pipe cannot go into the folder {name_of(target)}: name a file")
            target = target / f"{source.stem}{suffix}"
        if source != PIPE and target.exists() and source.exists() and source.samefile(target):
            raise click.UsageError(f"IN and OUT are the same file, {name_of(source)}")
        return [Task(source, target)]
    if target == PIPE or (target.exists() and not target.is_dir()):
        raise click.UsageError(f"IN is the folder {name_of(source)}, so OUT must be a folder, too")
    tasks = [
        Task(path, (target / path.relative_to(source)).with_suffix(suffix))
        for path in _files(source)
        if path.suffix.lower() in suffixes
    ]
    if not tasks:
        raise FoveaError(f"{name_of(source)}: nothing to convert in this folder")
    _refuse_collisions(tasks)
    return tasks


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder, sorted, without hidden ones."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in sorted(names) if not name.startswith("."))


def _refuse_collisions(tasks: list[Task]) -> None:
    first: dict[Path, Path] = {}
    clashes = [task for task in tasks if first.setdefault(task.target, task.source) != task.source]
    if clashes:
        source, target = clashes[0]
        more = f" (and {len(clashes) - 1} more like these)" if len(clashes) > 1 else ""
        raise FoveaError(
            f"{name_of(first[target])} and {name_of(source)} would both become {name_of(target)}{more}:"
            " rename one, or convert them one by one"
        )


@contextmanager
def reading(path: Path) -> Iterator[IO[bytes]]:
    """A file or the standard input, open to read from any position."""
    if path == PIPE:
        yield io.BytesIO(sys.stdin.buffer.read())
        return
    with path.open("rb") as file:
        yield file if file.seekable() else io.BytesIO(file.read())


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A file, or the standard output, that gets all of its content or none.

    A file is written under a temporary name beside its place and then renamed; folders on the way to it are made.
    A pipe or a device gets its bytes at the end.

    Raises:
        FoveaError: the file cannot be written.
    """
    if path == PIPE or (path.exists() and not path.is_file()):
        buffer = io.BytesIO()
        yield buffer
        with click.open_file(str(path), "wb") as stream:
            stream.write(buffer.getbuffer())
            stream.flush()
        return
    place = path.resolve()  # of a link, replace what it points to
    part = place.with_name(f".{secrets.token_hex(8)}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            yield file
        part.replace(place)
    except OSError as error:
        raise FoveaError(f"{name_of(path)} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # it is gone where all went well
            part.unlink()
