"""Running a function on many items at once, with few of them in memory."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from itertools import islice
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


def completed(pool: Executor, function: Callable[[In], Out], items: Iterable[In], limit: int) -> Iterator[Out]:
    """Yield the results of a function as they come, in any order.

    Args:
        pool: the threads or processes that run the function.
        function: what to do with an item.
        items: what to do it with. An item is taken when another is done.
        limit: number of items that are worked on, or wait for it, at the same time.

    Example:
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor(2) as pool:
        ...     sorted(completed(pool, abs, iter([3, -4, -5]), limit=2))
        [3, 4, 5]
    """
    waiting = iter(items)
    running: set[Future[Out]] = {pool.submit(function, item) for item in islice(waiting, limit)}
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        running |= {pool.submit(function, item) for item in islice(waiting, len(done))}
        yield from (future.result() for future in done)
