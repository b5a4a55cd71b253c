"""Runs pieces of work on all cores, and keeps what they find."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

from tqdm import tqdm

from fovea.errors import FoveaError
from fovea.evaluation.cache import Cache
from fovea.evaluation.plan import Plan
from fovea.evaluation.work import Bench, Found, Job

T = TypeVar("T")

_SIGNAL_S = 0.2
"""A signal that ends all processes of a group may reach a worker before it reaches this one, which it then ends."""

_bench: Bench


class Pool:
    """Worker processes for an evaluation; they start when the first work comes.

    Args:
        plan: of the evaluation.
        processes: how many work at once.
        cache: where this process keeps what they find.
    """

    def __init__(self, plan: Plan, processes: int, cache: Cache) -> None:
        self._plan, self._processes, self._cache = plan, processes, cache
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def run(self, jobs: Iterable[Job], title: str, unit: str) -> None:
        """Does all that is not known yet, with a progress bar. What is done stays done if this is interrupted.

        Args:
            jobs: the work, in any order.
            title: of the progress bar.
            unit: what one job makes.

        Raises:
            FoveaError: a job failed, or a worker was killed.
        """
        missing = [job for job in jobs if not all(key in self._cache for key in job.keys(self._plan))]
        if not missing:
            return
        executor = self._executor = self._executor or _start(self._plan, self._processes)
        coming, running = iter(missing), set[Future[Found]]()
        with killed_workers_told(), tqdm(total=len(missing), desc=title, unit=unit, smoothing=0.05) as bar:
            # Few at a time: results must not pile up faster than they are written.
            while running := running | {
                submit(executor, _run, job) for job in islice(coming, 2 * self._processes - len(running))
            }:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    self._cache.put(future.result())
                    bar.update()


@contextmanager
def killed_workers_told() -> Iterator[None]:
    """Say why a worker most likely was killed.

    Raises:
        FoveaError: a worker was killed.
    """
    try:
        yield
    except BrokenProcessPool as error:
        time.sleep(_SIGNAL_S)
        raise FoveaError(
            "a worker was killed, most likely because the memory is full: run again with a smaller -j, "
            "all work so far is kept"
        ) from error


def _start(plan: Plan, processes: int) -> ProcessPoolExecutor:
    # Threads of ONNX Runtime do not survive a fork, hence new processes.
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_prepare, initargs=(plan,))


def submit(executor: ProcessPoolExecutor, function: Callable[..., T], *arguments: object) -> Future[T]:
    """Hands work to a pool. A worker that starts for it ignores Ctrl-C from birth, before it can say so itself."""
    if threading.current_thread() is not threading.main_thread():
        return executor.submit(function, *arguments)
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return executor.submit(function, *arguments)
    finally:
        signal.signal(signal.SIGINT, handler)


def ignore_ctrl_c() -> None:
    """Makes a worker ignore Ctrl-C, which reaches all processes: the first one alone answers it, and ends the rest."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _prepare(plan: Plan) -> None:
    global _bench
    ignore_ctrl_c()
    _bench = Bench(plan)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed tells nobody to end."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _run(job: Job) -> Found:
    return job.run(_bench)
