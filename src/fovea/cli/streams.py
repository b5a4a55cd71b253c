"""The standard streams: made fit for use, and what is printed to them."""

import io
import os
import re
import sys
import unicodedata
from contextlib import suppress

import click

from fovea import atomic
from fovea.errors import FoveaError

_BREAKING = {"Cc", "Cs", "Zl", "Zp"}
"""Categories of characters that break a line, steer a terminal, or stand for bytes that are no text."""


def prepare() -> None:
    """Make the standard streams fit for any name of a file, and for having been closed.

    Letters that the encoding of a stream does not have are written as escapes. The numbers of closed streams are taken:
    the next file that is opened would get them, and with them whatever a library prints. As Python does, ``sys.stdin``
    and ``sys.stdout`` are None where they were closed; messages to a closed ``sys.stderr`` go nowhere.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115  # as long as the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_result(text: str) -> None:
    """Print what was asked for, on the standard output.

    Raises:
        FoveaError: it is closed, or cannot be written.
    """
    if sys.stdout is None:
        raise FoveaError("the output cannot be written: the standard output is closed")
    print_note(text)


def print_note(text: str) -> None:
    """Print what was done, such as where a result is, on the standard output. If that is closed, nobody wants to know.

    Raises:
        FoveaError: it cannot be written.
    """
    with atomic.write_errors(None):
        click.echo(text)


def tell(text: str) -> None:
    """Print a line for people, on the standard error. Where it cannot be written, nobody reads it."""
    with suppress(OSError):
        click.echo(text, err=True)


def printable(text: str) -> str:
    r"""A name as part of a line.

    Example:
        >>> print(printable("Jürgen \n 日本.png"))
        Jürgen \n 日本.png
    """
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) in _BREAKING else character
        for character in text
    )


def one_line(text: str) -> str:
    r"""A message of any library as a line.

    Example:
        >>> one_line("no good:\n  because")
        'no good: because'
    """
    return printable(re.sub(r"\s*[\r\n]\s*", " ", text.strip()))
