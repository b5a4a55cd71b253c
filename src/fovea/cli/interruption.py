"""Signals that ask the command to end."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from fovea import atomic

_ASKING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_ECHO_S = 1.0
"""For so long after a signal another is the same once more: ``timeout`` sends to a process and then to its group."""


class Interruption(BaseException):
    """A signal asks the command to end. A note tells what is done until then.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        self.code = 128 + number
        name = signal.Signals(number).name
        super().__init__("interrupted" if name == "SIGINT" else f"ended by {name}")

    def __str__(self) -> str:
        return ": ".join([*map(str, self.args), *getattr(self, "__notes__", ())])


@contextmanager
def raised() -> Iterator[None]:
    """The first signal meanwhile raises :class:`Interruption` in the main thread; a later one ends the process at once.

    Signals that are ignored, as with ``nohup``, stay ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    first = 0.0

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal first
        if not first:
            first = time.monotonic()
            raise Interruption(number)
        if time.monotonic() - first > _ECHO_S:
            atomic.discard_unfinished()
            os._exit(128 + number)

    own = (signal.SIG_DFL, signal.default_int_handler)
    before = {number: found for number in _ASKING if (found := signal.getsignal(number)) in own}
    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, found in before.items():
            signal.signal(number, found)


def end(code: int) -> NoReturn:
    """End the process. Files that other threads still write are discarded, and the threads not waited for."""
    atomic.discard_unfinished()
    if any(thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate()):
        os._exit(code)
    sys.exit(code)
