"""The options that the training verbs share."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import click

from fovea.cli.options import FilePath, Name, debug_option
from fovea.cli.outputs import require_folder

_Function = Callable[..., Any]

_training_options = (
    click.argument("config", metavar="CONFIG.yaml", type=FilePath(path_type=Path)),
    click.option(
        "--out",
        metavar="DIR",
        type=FilePath(path_type=Path),
        help="Folder for checkpoints, logs and the result.  [default: runs/NAME]",
    ),
    click.option("--resume", is_flag=True, help="Continue from the last checkpoint in the folder."),
    click.option(
        "--accelerator",
        type=Name(),
        default="auto",
        show_default=True,
        help="Hardware, as Lightning names it: cpu, gpu, auto.",
    ),
    click.option(
        "--precision",
        type=Name(),
        default="auto",
        show_default=True,
        help="Precision, as Lightning names it. auto takes bf16-mixed where the device has units for it, else 32-true.",
    ),
    debug_option,
)


def training_options(function: _Function) -> _Function:
    """Add the configuration, ``--out``, ``--resume``, ``--accelerator``, ``--precision`` and ``--debug``."""
    for option in reversed(_training_options):
        function = option(function)
    return function


@contextmanager
def training_into(folder: Path) -> Iterator[None]:
    """Check that a folder can be written, and keep stdout for the result: Lightning's progress bar goes to stderr."""
    require_folder(folder)
    with redirect_stdout(sys.stderr):
        yield
