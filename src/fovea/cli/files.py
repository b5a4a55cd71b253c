"""IN and OUT: which file becomes which, and how each is opened."""

import io
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import click

from fovea import atomic
from fovea.cli.outputs import keep_inputs
from fovea.cli.streams import printable
from fovea.cli.survey import survey
from fovea.errors import FoveaError

PIPE = Path("-")


class Task(NamedTuple):
    """One file to convert; either side may be ``PIPE``."""

    source: Path
    target: Path


class Plan(NamedTuple):
    """All that there is to convert.

    Attributes:
        tasks: ordered by path, no two with the same target; one at least.
        unread: why files or folders cannot be read.
        passed_over: what else is in the folder, in words.
    """

    tasks: list[Task]
    unread: list[OSError]
    passed_over: str = ""


def as_path(argument: str) -> Path:
    """The path that IN or OUT names: ``-`` alone is the pipe, ``./-`` a file.

    Example:
        >>> as_path("-") == PIPE, as_path("./-") == PIPE, as_path("./-").name
        (True, False, '-')
    """
    path = Path(argument)
    return path.absolute() if path == PIPE and argument != "-" else path


def name_of(path: Path) -> str:
    """A path as it is shown to the user."""
    return "the input" if path == PIPE else printable(str(path))


def plan(source: str, target: str, suffixes: Collection[str], suffix: str, others: Sequence[Path] = ()) -> Plan:
    """What to convert to what.

    Args:
        source: file, pipe, or folder; of a folder every file with one of ``suffixes`` is converted, below it too.
        target: file, pipe, or folder; a folder mirrors the tree of ``source``. A slash at the end makes it a folder.
        suffixes: of the files wanted in a folder, in lower case.
        suffix: of the files written to a folder.
        others: files that are read besides.

    Returns:
        The plan.

    Raises:
        click.UsageError: source and target do not fit each other, or a file that is read would be replaced.
        FoveaError: the folder has nothing to convert, or two of its files would become the same.
        OSError: the folder has nothing to convert as far as it can be searched.
    """
    start, end = as_path(source), as_path(target)
    require_pipes(start, end)
    if start == PIPE or not start.is_dir():
        if end != PIPE and (end.is_dir() or target.endswith(("/", os.sep))):
            if start == PIPE:
                raise click.UsageError(f"a pipe cannot go into the folder {name_of(end)}: name a file")
            end = end / f"{start.stem}{suffix}"
        if PIPE not in (start, end) and end.exists() and start.exists() and start.samefile(end):
            raise click.UsageError(f"IN and OUT are the same file, {name_of(start)}")
        keep_inputs([] if end == PIPE else [end], others)
        return Plan([Task(start, end)], [])
    if end == PIPE or (end.exists() and not end.is_dir()):
        raise click.UsageError(f"IN is the folder {name_of(start)}, so OUT must be a folder, too")
    found = survey(start, suffixes)
    tasks = [Task(path, (end / path.relative_to(start)).with_suffix(suffix)) for path in found.files]
    if not tasks:
        also = f"; {found.passed_over}" if found.passed_over else ""
        raise found.unread[0] if found.unread else FoveaError(f"nothing to convert in this folder{also}", path=start)
    _refuse_collisions(tasks)
    keep_inputs([task.target for task in tasks], [*(task.source for task in tasks), *others])
    return Plan(tasks, found.unread, found.passed_over)


def require_pipes(start: Path, end: Path) -> None:
    """See that the standard streams can be used where they are named.

    Raises:
        click.UsageError: they cannot.
    """
    if start == PIPE and sys.stdin is None:
        raise click.UsageError("the standard input is closed: name a file")
    if end == PIPE and sys.stdout is None:
        raise click.UsageError("the standard output is closed: name a file")
    if end == PIPE and sys.stdout.isatty():
        raise click.UsageError("the standard output is a terminal: redirect it, or name a file")


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
        if sys.stdin is None:
            raise FoveaError("the standard input is closed: name a file")
        yield io.BytesIO(sys.stdin.buffer.read())
        return
    with path.open("rb") as file:
        yield file if file.seekable() else io.BytesIO(file.read())


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A file, or the standard output, that gets all of its content or none.

    A file is written as :func:`fovea.atomic.writing` does; a pipe or a device gets its bytes at the end.

    Raises:
        FoveaError: the file cannot be written.
    """
    if path != PIPE and (path.is_file() or not path.exists()):
        with atomic.writing(path) as file:
            yield file
        return
    buffer = io.BytesIO()
    yield buffer
    with atomic.write_errors(None if path == PIPE else path), click.open_file(str(path), "wb") as stream:
        stream.write(buffer.getbuffer())
        stream.flush()
