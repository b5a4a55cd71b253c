"""How errors reach the user."""

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

_NO_MEMORY = re.compile(
    r"bad.?alloc|out of memory|(failed|unable) to allocate|failed to map segment|can't start new thread"
    r"|resource temporarily unavailable",
    re.IGNORECASE,
)
"""How libraries say so that know no ``MemoryError``, or when they are loaded."""


def report(error: Exception, name: str = "") -> None:
    """Print an error as one line on stderr, after its traceback where ``--debug`` is on.

    Args:
        error: what happened.
        name: of the file it happened to.
    """
    context = click.get_current_context(silent=True)
    if context and context.meta.get(DEBUG):
        tell("".join(traceback.format_exception(error)).rstrip("\n"))
    tell(f"fovea: {describe(error, name)}")


def describe(error: Exception, name: str = "") -> str:
    """One line that says what was wrong with which file.

    Example:
        >>> describe(FileNotFoundError(2, "No such file or directory"), "a.fov")
        'a.fov: No such file or directory'
        >>> describe(MemoryError(), "a.fov")
        'a.fov: not enough memory'
        >>> describe(FoveaError("no map of this size", path="map.png"), "a.png")
        'a.png: map.png: no map of this size'
    """
    where = [name]
    if _lacks_memory(error):
        reason = f"not enough memory{_advice()}"
    elif isinstance(error, FoveaError):
        reason = error.reason
        where += [str(error.path or ""), error.entry]
    elif isinstance(error, OSError):
        reason = error.strerror or str(error)
        where = [name or str(error.filename or "")]
    else:
        reason = f"unexpected {type(error).__name__}: {error} (--debug shows where)"
    named = dict.fromkeys(printable(part) for part in where if part)  # the error may tell the name that is known
    return ": ".join([*named, one_line(reason)])


def _lacks_memory(error: BaseException) -> bool:
    """Whether memory ran out: libraries say it in many ways, and others take it for another error."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    # A FoveaError may quote a name of a file, and with a number the operating system says what it means.
    if not isinstance(error, FoveaError) and not getattr(error, "errno", None) and _NO_MEMORY.search(str(error)):
        return True
    before = error.__cause__ or error.__context__
    return before is not None and _lacks_memory(before)


def _advice() -> str:
    context = click.get_current_context(silent=True)
    return ": a smaller -j takes less" if context and (context.params.get("jobs") or 1) > 1 else ""


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
