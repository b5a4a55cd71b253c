"""What a forked child does with the locks and the inference sessions that it inherits.

A fork copies memory, and of all threads the calling one alone. A lock that another thread holds stays locked in the
child for ever. A session of an inference runtime waits for its threads for ever, when it is run and even when it is
freed. So a child replaces every lock by an open one. It leaves every session where it is, and makes its own when it
needs one. And a fork waits until no session runs: what a runtime was doing in its own threads would stay half done.
"""

import ctypes
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Generic, TypeVar
from weakref import WeakSet

T = TypeVar("T")


class _Inherited(ABC):
    """Something that a forked child must make anew."""

    def __init__(self) -> None:
        _all.add(self)

    @abstractmethod
    def renew(self) -> None:
        """Called in the child, before anything else runs there."""


_all: WeakSet[_Inherited] = WeakSet()


class Lock(_Inherited):
    """A lock that is open in a forked child, whoever held it in the parent.

    Example:
        >>> with Lock():
        ...     pass
    """

    def __init__(self) -> None:
        super().__init__()
        self.renew()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def renew(self) -> None:
        """Take a new lock in place of the old one."""
        self._lock = threading.Lock()


class PerProcess(_Inherited, Generic[T]):
    """A thing that every process makes for itself, when it first needs it. Threads may share it.

    Args:
        make: makes the thing.

    Example:
        >>> numbers = PerProcess(lambda: [1, 2, 3])
        >>> numbers.get() is numbers.get()
        True
    """

    def __init__(self, make: Callable[[], T]) -> None:
        super().__init__()
        self._make, self._lock = make, Lock()
        self._made: T | None = None

    def get(self) -> T:
        """The thing of this process. Errors of making it pass as they are, and the next call tries again."""
        made = self._made
        if made is None:
            with running(), self._lock:
                made = self._made = self._make() if self._made is None else self._made
        return made

    def renew(self) -> None:
        """Leave the thing of the parent where it is, and never free it."""
        if self._made is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._made))
            self._made = None


class _Runs:
    """How many threads run something that a fork must not cut in two."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running, self._forks = 0, 0
        self._calm_from = 0.0
        self._here = threading.local()

    @contextmanager
    def running(self, settle: float) -> Iterator[None]:
        depth = getattr(self._here, "depth", 0)
        if not depth:  # what this thread has begun must come to its end: only from outside it waits for forks
            with self._changed:
                self._changed.wait_for(lambda: not self._forks)
                self._running += 1
        self._here.depth = depth + 1
        try:
            yield
        finally:
            self._here.depth = depth
            if not depth:
                with self._changed:
                    self._running -= 1
                    self._calm_from = max(self._calm_from, time.monotonic() + settle)
                    self._changed.notify_all()

    def hold(self) -> None:
        with self._changed:
            self._forks += 1
            # A signal handler may fork in the middle of what its own thread runs, which cannot end before.
            self._changed.wait_for(lambda: not self._running, timeout=_LONGEST_WAIT)
        time.sleep(max(0.0, self._calm_from - time.monotonic()))

    def release(self) -> None:
        with self._changed:
            self._forks -= 1
            self._changed.notify_all()


_LONGEST_WAIT = 10
"""Seconds that a fork waits for what runs."""

_runs = _Runs()


@contextmanager
def running(settle: float = 0.0) -> Iterator[None]:
    """Let no fork happen meanwhile: it waits for the end, for 10 seconds at most.

    Args:
        settle: seconds that a fork waits after the end, while threads of a runtime that nobody can ask come to rest.

    Example:
        >>> with running():
        ...     pass
    """
    with _runs.running(settle):
        yield


def _renew_all() -> None:
    global _runs
    _runs = _Runs()
    for thing in list(_all):
        thing.renew()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=lambda: _runs.hold(), after_in_parent=lambda: _runs.release(), after_in_child=_renew_all)
