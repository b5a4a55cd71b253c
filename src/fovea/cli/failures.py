"""Reporting errors to the user."""

import errno
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import click

from fovea.cli.streams import one_line, printable, tell
from fovea.distribution import install
from fovea.errors import FoveaError

DEBUG = "fovea.debug"
"""Key of the context of Click whose value says whether ``--debug`` is given."""

_NO_MEMORY = re.compile(
    r"bad.?alloc|out of memory|(failed|unable) to allocate|failed to map segment|can't start new thread"
    r"|resource temporarily unavailable",
    re.IGNORECASE,
)
"""Messages about a lack of memory in errors of libraries that do not raise ``MemoryError``."""


def report(error: Exception, name: str = "") -> None:
    """Print an error as one line on the standard error, after its traceback if ``--debug`` is given.

    Args:
        error: error to report.
        name: name of the file that was processed.
    """
    context = click.get_current_context(silent=True)
    if context and context.meta.get(DEBUG):
        tell("".join(traceback.format_exception(error)).rstrip("\n"))
    tell(f"fovea: {describe(error, name)}")


def describe(error: Exception, name: str = "") -> str:
    """Return one line that says what is wrong with which file.

    Args:
        error: error to describe.
        name: name of the file that was processed.

    Example:
        >>> describe(FileNotFoundError(2, "No such file or directory"), "a.fov")
        'a.fov: No such file or directory'
        >>> describe(MemoryError(), "a.fov")
        'a.fov: not enough memory'
        >>> describe(FoveaError("no map of this size", path="map.png"), "a.png")
        'a.png: map.png: no map of this size'
    """
    places = [name]
    if _means_out_of_memory(error):
        reason = f"not enough memory{_advice()}"
    elif isinstance(error, FoveaError):
        reason = error.reason
        places += [str(error.path or ""), error.entry]
    elif isinstance(error, OSError):
        reason = error.strerror or str(error)
        places = [name or str(error.filename or "")]
    else:
        reason = f"unexpected {type(error).__name__}: {error} (--debug shows where)"
    # The error may name the same file, which a dictionary holds only once.
    unique = dict.fromkeys(printable(place) for place in places if place)
    return ": ".join([*unique, one_line(reason)])


def _means_out_of_memory(error: BaseException) -> bool:
    """Return whether the cause of an error is a lack of memory, which libraries report in many ways."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    # The message of a FoveaError may contain the name of a file, and an error with a number has a definite meaning.
    if not isinstance(error, FoveaError) and not getattr(error, "errno", None) and _NO_MEMORY.search(str(error)):
        return True
    cause = error.__cause__ or error.__context__
    return cause is not None and _means_out_of_memory(cause)


def _advice() -> str:
    context = click.get_current_context(silent=True)
    return ": a smaller -j needs less" if context and (context.params.get("jobs") or 1) > 1 else ""


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn a missing package into an error that says how to install it.

    Args:
        extra: extra of Fovea that contains the package.

    Raises:
        FoveaError: a package that the block imports is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise FoveaError(f"needs the extra {extra}: {install(extra)}") from error
