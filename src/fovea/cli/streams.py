"""Preparing the standard streams, and printing to them."""

import io
import os
import re
import sys
import unicodedata
from contextlib import suppress

import click

from fovea import atomic
from fovea.errors import FoveaError

_ESCAPED = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories of characters that break a line, control a terminal, or stand for bytes that are not text."""


def prepare() -> None:
    """Prepare the standard streams for names of files in any encoding, and for streams that are closed.

    Characters that the encoding of a stream does not have are written as escapes. The descriptors of closed streams are
    opened: otherwise, the next file that is opened would get such a descriptor, and output of a library would go into
    this file. If they are closed, ``sys.stdin`` and ``sys.stdout`` stay None, and messages to ``sys.stderr`` are lost.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115  # open until the process ends
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_result(text: str) -> None:
    """Print a result on the standard output.

    Raises:
        FoveaError: the standard output is closed or cannot be written.
    """
    if sys.stdout is None:
        raise FoveaError("the output cannot be written: the standard output is closed")
    print_note(text)


def print_note(text: str) -> None:
    """Print a note, such as the place of a result, on the standard output. If it is closed, the note is lost.

    Raises:
        FoveaError: the standard output cannot be written.
    """
    with atomic.write_errors(None):
        click.echo(text)


def tell(text: str) -> None:
    """Print a message on the standard error. If it cannot be written, the message is lost."""
    with suppress(OSError):
        click.echo(text, err=True)


def printable(text: str) -> str:
    r"""Return a text with escapes in place of characters that do not belong in a line, for names of files.

    Example:
        >>> print(printable("Jürgen \n 日本.png"))
        Jürgen \n 日本.png
    """
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) in _ESCAPED else character
        for character in text
    )


def one_line(text: str) -> str:
    r"""Return the message of a library as one line.

    Example:
        >>> one_line("no good:\n  because")
        'no good: because'
    """
    return printable(re.sub(r"\s*[\r\n]\s*", " ", text.strip()))
