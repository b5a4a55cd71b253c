"""How errors reach the user."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import click

from fovea.distribution import install
from fovea.errors import FoveaError

DEBUG = "fovea.debug"


def report(error: Exception, name: str = "") -> None:
    """Print an error as one line on stderr, after its traceback where ``--debug`` is on.

    Args:
        error: what happened.
        name: of the file it happened to.
    """
    context = click.get_current_context(silent=True)
    if context and context.meta.get(DEBUG):
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    click.echo(f"fovea: {describe(error, name)}", err=True)


def describe(error: Exception, name: str = "") -> str:
    """One line that says what was wrong with which file.

    Example:
        >>> describe(FileNotFoundError(2, "No such file or directory"), "a.fov")
        'a.fov: No such file or directory'
    """
    if isinstance(error, FoveaError):
        reason = str(error)
    elif isinstance(error, OSError):
        reason = error.strerror or str(error)
        name = name or str(error.filename or "")
    else:
        reason = f"unexpected {type(error).__name__}: {error} (--debug shows where)"
    reason = " ".join(reason.split())
    return reason if not name or reason.startswith(f"{name}: ") else f"{name}: {reason}"


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn a package that cannot be imported into advice.

    Args:
        extra: of this package, that brings what is missing.

    Raises:
        FoveaError: a package is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise FoveaError(f"needs the extra {extra}: {install(extra)}") from error
