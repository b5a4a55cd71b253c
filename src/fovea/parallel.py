"""Running a function on many items at the same time, with few of them in memory."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

_WAIT_S = 0.5
"""Longest time in seconds between two looks for a signal. A signal that reaches another thread, or comes just before
the main thread begins to wait, does not wake it."""

_check: ContextVar[Callable[[], object]] = ContextVar("check", default=lambda: None)


@contextmanager
def checked(check: Callable[[], object]) -> Iterator[None]:
    """Call a function at each :func:`checkpoint` inside the block: the engines have one before each run of a network.

    An error that it raises ends the work: so a coding stops soon when nobody waits for it any more.

    Args:
        check: the function. Several threads may call it at the same time.

    Example:
        >>> with checked(lambda: print("next")):
        ...     checkpoint()
        next
    """
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


def checkpoint() -> None:
    """Call the function of :func:`checked`, if there is one."""
    _check.get()()


def parallel(function: Callable[[In], Out], items: Iterable[In], threads: int) -> list[Out]:
    """Return the results of a function for all items, in the order of the items.

    Each item begins with a :func:`checkpoint`.

    Args:
        function: function of one item.
        items: items to work on.
        threads: number of items to work on at the same time.
    """
    items = list(items)
    check = _check.get()  # the threads of a pool do not see what is set in this one

    def work(item: In) -> Out:
        with checked(check):
            checkpoint()
            return function(item)

    if len(items) < 2 or threads < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(threads, len(items))) as pool:
        return list(pool.map(work, items))


def stream(function: Callable[[In], Out], items: Iterable[In], threads: int) -> Iterator[Out]:
    """Yield the results of a function for any number of items, in the order of the items.

    Args:
        function: function of one item.
        items: items to work on. An item is taken when a thread is free, so that few are in memory.
        threads: number of items to work on at the same time.

    Example:
        >>> list(stream(abs, iter([3, -4]), threads=2))
        [3, 4]
    """
    iterator = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(function, item) for item in islice(iterator, threads)]
        while running:
            yield running.pop(0).result()
            running += [pool.submit(function, item) for item in islice(iterator, 1)]


def completed(pool: Executor, function: Callable[[In], Out], items: Iterable[In], limit: int) -> Iterator[Out]:
    """Yield the results of a function as they are completed, in any order.

    Args:
        pool: threads or processes that run the function.
        function: function of one item.
        items: items to work on. An item is taken after the results that are done were yielded, so that these are not
            lost if taking it fails or is interrupted.
        limit: largest number of items in the pool, running or waiting.

    Example:
        >>> with ThreadPoolExecutor(2) as pool:
        ...     sorted(completed(pool, abs, iter([3, -4, -5]), limit=2))
        [3, 4, 5]
    """
    waiting = iter(items)
    running: set[Future[Out]] = {pool.submit(function, item) for item in islice(waiting, limit)}
    while running:
        done, running = wait(running, _WAIT_S, FIRST_COMPLETED)
        yield from (future.result() for future in done)
        running |= {pool.submit(function, item) for item in islice(waiting, len(done))}
