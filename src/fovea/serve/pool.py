"""Coding in a bounded number of threads, which take their work from a bounded and fair queue."""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from fovea.parallel import checked
from fovea.serve.problems import ClientGoneError, RefusedError
from fovea.serve.queue import FairQueue, Turn

T = TypeVar("T")

_LONGEST_RETRY = 60
"""Largest value of ``Retry-After``, in seconds."""
_TURNS = 8
"""Number of turns of the event loop after which a connection that the client has closed is known to be closed."""


class _StoppedError(Exception):
    """The result is not wanted any more."""


class Pool:
    """Runs work in threads, outside of the event loop. All methods must be called in the thread of the event loop.

    Work whose result is not wanted any more, because its time is over or its client is gone, leaves the queue at once.
    If it runs already, it stops before the next run of a network, and keeps its thread until then.

    Args:
        jobs: number of threads.
        queue: largest number of requests that wait for a thread; their callers take turns, see :class:`FairQueue`.

    Attributes:
        running: number of threads that work.
    """

    def __init__(self, jobs: int, queue: int) -> None:
        self._jobs, self._queue = jobs, FairQueue(queue)
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="coding")
        self._times: deque[float] = deque([1.0], maxlen=32)
        self.running = 0

    @property
    def waiting(self) -> int:
        """The number of requests that wait for a thread."""
        return len(self._queue)

    @property
    def full(self) -> bool:
        """Whether all threads and all places in the queue are taken."""
        return self.running >= self._jobs and self._queue.full

    def refuse_if_full(self, caller: str) -> None:
        """Refuse a request for which there is no place, before any work is done for it.

        Args:
            caller: name of the caller.

        Raises:
            RefusedError: the queue is full. ``Retry-After`` estimates in how many seconds it will be empty.
        """
        if self.running >= self._jobs and not self._queue.has_place(caller):
            raise self._busy("The service is busy, and its queue is full: try again later.")

    def _busy(self, detail: str) -> RefusedError:
        mean = sum(self._times) / len(self._times)
        seconds = math.ceil(mean * (self.waiting + 1) / self._jobs)
        return RefusedError(503, detail, "queue", {"Retry-After": str(min(max(1, seconds), _LONGEST_RETRY))})

    async def run(self, work: Callable[[], T], seconds: float, gone: "asyncio.Future[None]", caller: str) -> T:
        """Run a function in a thread, and return its result.

        Args:
            work: the function.
            seconds: longest time for waiting and running together, in seconds.
            gone: future that completes when the client is gone.
            caller: name of the caller.

        Raises:
            RefusedError: the queue is full, another caller needs the place of this request, or the time is over.
            ClientGoneError: the client is gone.
            Exception: any error of the function.
        """
        self.refuse_if_full(caller)
        end = time.monotonic() + seconds
        turn = self._enter(caller)
        stop = threading.Event()
        try:
            if not await _completed(turn, gone, end):
                raise self._busy(f"The request waited for {seconds:g} seconds without its turn: try again later.")
            turn.result()
            await _check_client(gone)
            job = self._start(work, stop)
        except BaseException:
            stop.set()  # if the system has no thread left, the work is in the queue of the threads that there are
            self._give_up(turn)
            raise
        try:
            if await _completed(job, gone, end):
                return job.result()
        finally:
            stop.set()
        raise RefusedError(504, f"The picture took longer than {seconds:g} seconds: send a smaller one.", "time")

    def _enter(self, caller: str) -> Turn:
        """Take a free thread, or else a place in the queue, and return the future of the request."""
        turn: Turn = asyncio.get_running_loop().create_future()
        if self.running < self._jobs:
            self.running += 1
            turn.set_result(None)
        else:
            lost = self._busy("The service is busy, and other callers need the place of this request: try again later.")
            self._queue.enter(caller, turn, lost)
        return turn

    def _give_up(self, turn: Turn) -> None:
        """Leave the queue, or pass on the thread."""
        if not turn.done():
            self._queue.leave(turn)
        elif turn.exception() is None:
            self._pass_on()

    def _pass_on(self) -> None:
        """Give a free thread to the request whose turn it is."""
        if self._queue:
            self._queue.take().set_result(None)
        else:
            self.running -= 1

    def _start(self, work: Callable[[], T], stop: threading.Event) -> "asyncio.Future[T]":
        """Begin to work in a thread. The thread is passed on when the work has ended, even if it ends late."""
        begin = time.monotonic()

        def end(job: "asyncio.Future[T]") -> None:
            if job.exception() is None:
                self._times.append(time.monotonic() - begin)
            self._pass_on()

        job = asyncio.wrap_future(self._threads.submit(_run, work, stop))
        job.add_done_callback(end)
        return job

    def close(self) -> None:
        """Free the threads. No work may be running."""
        self._threads.shutdown(wait=False)


async def _completed(awaited: "asyncio.Future[T]", gone: "asyncio.Future[None]", end: float) -> bool:
    """Wait for a future, and return whether it has completed in time.

    Args:
        awaited: the future.
        gone: future that completes when the client is gone.
        end: time of the monotonic clock, in seconds, at which the wait ends.

    Raises:
        ClientGoneError: the client is gone.
    """
    waiting: set[asyncio.Future[Any]] = {awaited, gone}
    await asyncio.wait(waiting, timeout=max(0.0, end - time.monotonic()), return_when=asyncio.FIRST_COMPLETED)
    if gone.done():
        raise ClientGoneError
    return awaited.done()


async def _check_client(gone: "asyncio.Future[None]") -> None:
    """Give the event loop time to notice that the client has closed its connection.

    Raises:
        ClientGoneError: the client is gone.
    """
    for _ in range(_TURNS):
        await asyncio.sleep(0)
        if gone.done():
            raise ClientGoneError


def _run(work: Callable[[], T], stop: threading.Event) -> T:
    def check() -> None:
        if stop.is_set():
            raise _StoppedError

    with checked(check):
        check()
        return work()
