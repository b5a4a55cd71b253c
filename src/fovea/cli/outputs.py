"""Checks of outputs before the work starts."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import click

from fovea import atomic
from fovea.cli.streams import printable


def keep_inputs(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Check that no output replaces an input, even under another name or through a link.

    Args:
        outputs: files to write. They need not exist.
        inputs: files to read. They need not exist.

    Raises:
        click.UsageError: an output is an input.
    """
    existing = {_identity(output): output for output in outputs if output.is_file()}
    if not existing:
        return
    for path in inputs:
        if path.is_file() and (replaced := existing.get(_identity(path))):
            same = "an input, too" if replaced == path else f"the input {printable(str(path))}"
            raise click.UsageError(f"the output {printable(str(replaced))} is {same}: choose another")


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def require_file(path: Path) -> None:
    """Check that a file can be written.

    Args:
        path: path of the file.

    Raises:
        click.UsageError: the path is a folder.
        FoveaError: no file can be written to its folder. The error names the file.
    """
    with atomic.write_errors(path):
        if path.is_dir():
            raise click.UsageError(f"the output {printable(str(path))} is a folder: name a file")
        target = Path(os.path.realpath(path))
        if target.is_file() or not target.exists():  # a device needs no writable folder
            _check_writable(target.parent)


def require_folder(path: Path) -> None:
    """Check that files can be written to a folder, which need not exist.

    Args:
        path: path of the folder.

    Raises:
        FoveaError: no file can be written to the folder. The error names the folder.
    """
    with atomic.write_errors(path):
        _check_writable(Path(os.path.realpath(path)))


def _check_writable(folder: Path) -> None:
    while not folder.exists():
        folder = folder.parent
    with tempfile.TemporaryFile(dir=folder):
        pass
