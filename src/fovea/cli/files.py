"""The files that IN and OUT name: which file is converted to which, and how they are opened."""

import io
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

import click

from fovea import atomic
from fovea.cli.outputs import keep_inputs
from fovea.cli.streams import printable
from fovea.cli.survey import survey
from fovea.errors import FoveaError
from fovea.names import file_key

PIPE = Path("-")
"""The standard input or output."""


class Task(NamedTuple):
    """A file to convert and the file to write. Each may be ``PIPE``."""

    source: Path
    target: Path


class Plan(NamedTuple):
    """The files to convert.

    Attributes:
        tasks: at least one task, ordered by path. All targets are different.
        unread: errors about files or folders that cannot be read.
        passed_over: text about the other files of the folder; empty if there are none.
    """

    tasks: list[Task]
    unread: list[OSError]
    passed_over: str = ""


def as_path(argument: str) -> Path:
    """Return the path that IN names. ``-`` is the pipe, and ``./-`` is a file.

    Example:
        >>> as_path("-") == PIPE, as_path("./-") == PIPE, as_path("./-").name
        (True, False, '-')
    """
    path = Path(argument)
    return path.absolute() if path == PIPE and argument != "-" else path


def as_target(argument: str) -> Path:
    """Return the path that OUT names. Other names of the standard output, such as ``/dev/stdout``, are the pipe, too.

    If the standard output is a file, another file would otherwise take its place, and what it holds would be lost.
    """
    path = as_path(argument)
    if path.absolute().parts[1:2] in (("dev",), ("proc",)):
        with suppress(OSError):  # there is no such file, or the standard output is none
            if sys.stdout is not None and os.path.samestat(path.stat(), os.fstat(sys.stdout.fileno())):
                return PIPE
    return path


def name_of(path: Path) -> str:
    """Return a path as messages show it."""
    return "the input" if path == PIPE else printable(str(path))


def plan(source: str, target: str, suffixes: Collection[str], suffix: str, others: Sequence[Path] = ()) -> Plan:
    """Find the files to convert.

    Args:
        source: file, pipe, or folder. In a folder and all folders below it, every file with one of ``suffixes`` is
            converted.
        target: file, pipe, or folder. A name that ends in a slash is a folder. The target folder gets the same tree of
            folders as the source folder.
        suffixes: suffixes of the files to convert in a folder, in lower case.
        suffix: suffix of the files to write to a folder.
        others: other files that the command reads.

    Returns:
        The plan.

    Raises:
        click.UsageError: source and target do not fit each other, or the target would replace a file that is read.
        FoveaError: the folder has no file to convert, or two of its files have the same target.
        OSError: the folder has no file to convert, and a part of it cannot be read.
    """
    start, end = as_path(source), as_target(target)
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
    files, unread, passed_over = survey(start, suffixes)
    tasks = [Task(path, (end / path.relative_to(start)).with_suffix(suffix)) for path in files]
    if not tasks:
        others_note = f"; {passed_over}" if passed_over else ""
        raise unread[0] if unread else FoveaError(f"nothing to convert in this folder{others_note}", path=start)
    _refuse_collisions(tasks)
    keep_inputs([task.target for task in tasks], [*(task.source for task in tasks), *others])
    return Plan(tasks, unread, passed_over)


def require_pipes(start: Path, end: Path) -> None:
    """Check that the standard input or output can be used, if it is named.

    Args:
        start: path of the source.
        end: path of the target.

    Raises:
        click.UsageError: the stream is closed, or the standard output is a terminal.
    """
    if start == PIPE and sys.stdin is None:
        raise click.UsageError("the standard input is closed: name a file")
    if end == PIPE and sys.stdout is None:
        raise click.UsageError("the standard output is closed: name a file")
    if end == PIPE and sys.stdout.isatty():
        raise click.UsageError("the standard output is a terminal: redirect it, or name a file")


def _refuse_collisions(tasks: list[Task]) -> None:
    first: dict[str, Path] = {}
    clashes = [task for task in tasks if first.setdefault(file_key(str(task.target)), task.source) != task.source]
    if clashes:
        source, target = clashes[0]
        more = f" (and {len(clashes) - 1} more like these)" if len(clashes) > 1 else ""
        raise FoveaError(
            f"{name_of(first[file_key(str(target))])} and {name_of(source)} would both become {name_of(target)}{more}:"
            " rename one, or convert them one by one"
        )


@contextmanager
def reading(path: Path) -> Iterator[IO[bytes]]:
    """Open a file or the standard input for reading from any position.

    Raises:
        FoveaError: the standard input is closed.
        OSError: the file cannot be opened.
    """
    if path == PIPE:
        if sys.stdin is None:
            raise FoveaError("the standard input is closed: name a file")
        yield io.BytesIO(sys.stdin.buffer.read())
        return
    with path.open("rb") as file:
        yield file if file.seekable() else io.BytesIO(file.read())


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file or the standard output for writing. It gets either all of its content or nothing.

    A file is written by :func:`fovea.atomic.writing`. A pipe or a device gets its content when the block ends.

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
