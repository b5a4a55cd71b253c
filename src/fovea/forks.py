"""Locks and values that stay usable in a forked child.

A fork copies the memory of a process, but only one of its threads: the one that forks. A lock that another thread holds
would stay locked in the child forever. A session of an inference runtime would wait forever for threads that the child
does not have, when the child runs it and even when the child frees it. Therefore a child replaces each lock by an open
one. It keeps each inherited session untouched, and makes a new one when it needs one. A fork also waits until no
session runs, because the work in the threads of a runtime would stay half done in the child.
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


class _Renewable(ABC):
    """An object that a forked child must renew before it uses it."""

    def __init__(self) -> None:
        _renewables.add(self)

    @abstractmethod
    def renew(self) -> None:
        """Replace what the child inherited. The child calls this before it runs anything else."""


_renewables: WeakSet[_Renewable] = WeakSet()


class Lock(_Renewable):
    """A lock that is open in a forked child, even if a thread of the parent holds it.

    The thread that holds it may enter it again, for example in a signal handler.

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
        """Replace the lock by an open one."""
        self._lock = threading.RLock()


class PerProcess(_Renewable, Generic[T]):
    """A value that each process makes for itself when it first needs it. Threads may share it.

    Args:
        make: function that makes the value.

    Example:
        >>> numbers = PerProcess(lambda: [1, 2, 3])
        >>> numbers.get() is numbers.get()
        True
    """

    def __init__(self, make: Callable[[], T]) -> None:
        super().__init__()
        self._make, self._lock = make, Lock()
        self._value: T | None = None

    def get(self) -> T:
        """Return the value of this process.

        If making the value fails, the error passes through unchanged, and the next call tries again.
        """
        value = self._value
        if value is None:
            with running(), self._lock:
                value = self._value = self._make() if self._value is None else self._value
        return value

    def renew(self) -> None:
        """Forget the value of the parent without ever freeing it."""
        if self._value is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._value))
            self._value = None


class _Runs:
    """A count of the threads that run something which a fork must not interrupt."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running, self._forks = 0, 0
        self._settled_at = 0.0
        self._thread = threading.local()

    @contextmanager
    def running(self, settle: float) -> Iterator[None]:
        depth = getattr(self._thread, "depth", 0)
        if not depth:  # a nested run must not wait for a fork, because the fork waits for the outer run
            with self._changed:
                self._changed.wait_for(lambda: not self._forks)
                self._running += 1
        self._thread.depth = depth + 1
        try:
            yield
        finally:
            self._thread.depth = depth
            if not depth:
                with self._changed:
                    self._running -= 1
                    self._settled_at = max(self._settled_at, time.monotonic() + settle)
                    self._changed.notify_all()

    def before_fork(self) -> None:
        with self._changed:
            self._forks += 1
            # The wait has a limit: a signal handler may fork while its own thread runs, and that run cannot end first.
            self._changed.wait_for(lambda: not self._running, timeout=_LONGEST_WAIT)
        time.sleep(max(0.0, self._settled_at - time.monotonic()))

    def after_fork(self) -> None:
        with self._changed:
            self._forks -= 1
            self._changed.notify_all()


_LONGEST_WAIT = 10
"""Longest time, in seconds, that a fork waits for the threads that run."""

_runs = _Runs()


@contextmanager
def running(settle: float = 0.0) -> Iterator[None]:
    """Delay forks until the block ends, but by 10 seconds at most.

    Args:
        settle: seconds that a fork waits after the end of the block, for threads of a runtime whose state is unknown.

    Example:
        >>> with running():
        ...     pass
    """
    with _runs.running(settle):
        yield


def _renew_all() -> None:
    global _runs
    _runs = _Runs()
    for renewable in list(_renewables):
        renewable.renew()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(
        before=lambda: _runs.before_fork(),
        after_in_parent=lambda: _runs.after_fork(),
        after_in_child=_renew_all,
    )
