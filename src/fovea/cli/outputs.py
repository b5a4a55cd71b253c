"""What is found out about outputs before the work."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import click

from fovea import atomic
from fovea.cli.streams import printable


def keep_inputs(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Refuse to replace a file that is read, by whatever name or link.

    Args:
        outputs: files to write, which may exist.
        inputs: files to read, which may not exist.

    Raises:
        click.UsageError: an output is an input.
    """
    there = {_identity(output): output for output in outputs if output.is_file()}
    if not there:
        return
    for path in inputs:
        if path.is_file() and (replaced := there.get(_identity(path))):
            same = "an input, too" if replaced == path else f"the input {printable(str(path))}"
            raise click.UsageError(f"the output {printable(str(replaced))} is {same}: choose another")


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def require_file(path: Path) -> None:
    """See that a file can be written.

    Raises:
        click.UsageError: it is a folder.
        FoveaError: its folder cannot be written. The message names the file.
    """
    with atomic.write_errors(path):
        if path.is_dir():
            raise click.UsageError(f"the output {printable(str(path))} is a folder: name a file")
        place = Path(os.path.realpath(path))
        if place.is_file() or not place.exists():  # no device
            _try(place.parent)


def require_folder(path: Path) -> None:
    """See that files can be written to a folder, which may have to be made.

    Raises:
        FoveaError: they cannot. The message names the folder.
    """
    with atomic.write_errors(path):
        _try(Path(os.path.realpath(path)))


def _try(folder: Path) -> None:
    while not folder.exists():
        folder = folder.parent
    with tempfile.TemporaryFile(dir=folder):
        pass
