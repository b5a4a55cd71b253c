"""Coding work in a bounded number of threads, with a bounded queue before them."""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from fovea.parallel import checked
from fovea.serve.problems import ClientGoneError, RefusedError

T = TypeVar("T")

_LONGEST_RETRY = 60
"""Most seconds after which a caller is told to try again."""


class _StoppedError(Exception):
    """Nobody waits for the result any more."""


class Pool:
    """Runs work in threads, off the event loop. All methods belong to the thread of the event loop.

    Work that nobody waits for any more, because its time is over or its client is gone, leaves the queue at once. If it
    runs already, it stops at the next tile or trial, and keeps its thread until then.

    Args:
        jobs: number of threads.
        queue: largest number of calls that wait for a thread.

    Attributes:
        waiting: number of calls that wait for a thread.
        running: number of threads that work.
    """

    def __init__(self, jobs: int, queue: int) -> None:
        self._jobs, self._queue = jobs, queue
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="coding")
        self._slots = asyncio.Semaphore(jobs)
        self._times: deque[float] = deque([1.0], maxlen=32)
        self.waiting = self.running = 0

    @property
    def full(self) -> bool:
        """Whether the next call would be refused."""
        return self.running + self.waiting >= self._jobs + self._queue

    def refuse_if_full(self) -> None:
        """Refuse a request for which there is no place, before any work is done for it.

        Raises:
            RefusedError: the queue is full. ``Retry-After`` tells in how many seconds it should be empty.
        """
        if self.full:
            raise self._busy("The service is busy, and its queue is full: try again later.")

    def _busy(self, detail: str) -> RefusedError:
        mean = sum(self._times) / len(self._times)
        seconds = math.ceil(mean * (self.waiting + 1) / self._jobs)
        return RefusedError(503, detail, "queue", {"Retry-After": str(min(max(1, seconds), _LONGEST_RETRY))})

    async def run(self, work: Callable[[], T], seconds: float, gone: "asyncio.Future[None]") -> T:
        """Return the result of a function that runs in a thread.

        Args:
            work: the function.
            seconds: longest time, waiting and running together.
            gone: completes when the client is gone.

        Raises:
            RefusedError: the queue is full, or the time is over.
            ClientGoneError: the client is gone.
            Exception: what the function raises.
        """
        self.refuse_if_full()
        stop = threading.Event()
        begun = asyncio.Event()
        queued = True

        def leave_queue() -> None:
            nonlocal queued
            self.waiting -= queued
            queued = False

        self.waiting += 1
        task = asyncio.create_task(self._coded(work, stop, begun, leave_queue))
        try:
            waiting: set[asyncio.Future[Any]] = {task, gone}
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            stop.set()
            task.cancel()
            leave_queue()
        if gone.done():
            raise ClientGoneError
        if not begun.is_set():
            raise self._busy(f"The request waited for {seconds:g} seconds without its turn: try again later.")
        raise RefusedError(504, f"The picture took longer than {seconds:g} seconds: send a smaller one.", "time")

    async def _coded(
        self, work: Callable[[], T], stop: threading.Event, begun: asyncio.Event, leave_queue: Callable[[], None]
    ) -> T:
        await self._slots.acquire()
        leave_queue()
        begun.set()
        self.running += 1
        start = time.monotonic()
        finished = asyncio.Event()
        loop = asyncio.get_running_loop()

        def end() -> None:
            self.running -= 1
            self._times.append(time.monotonic() - start)
            self._slots.release()
            finished.set()

        # The thread keeps its place until it has really ended, even if nobody waits for it.
        job: Future[T] = self._threads.submit(_run, work, stop)
        job.add_done_callback(lambda _: loop.call_soon_threadsafe(end))
        await finished.wait()
        return job.result()

    def close(self) -> None:
        """Free the threads. Nothing may run."""
        self._threads.shutdown(wait=False)


def _run(work: Callable[[], T], stop: threading.Event) -> T:
    def check() -> None:
        if stop.is_set():
            raise _StoppedError

    with checked(check):
        check()
        return work()
