"""Signals that end the command."""

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

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_REPEAT_S = 1.0
"""Seconds after a signal in which another one is ignored. ``timeout`` sends a signal to a process and to its group."""


class Interruption(BaseException):
    """A signal that ends the command. A note on the exception may say how much work is done.

    Args:
        number: number of the signal.

    Attributes:
        number: as given.
        code: exit code of the command.
    """

    def __init__(self, number: int) -> None:
        self.number, self.code = number, 128 + number
        name = signal.Signals(number).name
        super().__init__("interrupted" if name == "SIGINT" else f"ended by {name}")

    def __str__(self) -> str:
        return ": ".join([*map(str, self.args), *getattr(self, "__notes__", ())])


@contextmanager
def raised() -> Iterator[None]:
    """Raise :class:`Interruption` in the main thread at the first signal. A later signal ends the process immediately.

    Signals that the process ignores, for example because of ``nohup``, stay ignored.
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
        if time.monotonic() - first > _REPEAT_S:
            with atomic.unfinished_discarded():
                os._exit(128 + number)

    defaults = (signal.SIG_DFL, signal.default_int_handler)
    replaced = {number: handler for number in _SIGNALS if (handler := signal.getsignal(number)) in defaults}
    for number in replaced:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


def end(code: int) -> NoReturn:
    """End the process without waiting for its threads, and remove their unfinished files.

    Args:
        code: exit code of the process.
    """
    with atomic.unfinished_discarded():
        if any(thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate()):
            os._exit(code)
    sys.exit(code)
