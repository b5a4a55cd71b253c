"""A pool of worker processes that runs jobs on all cores and caches what they find."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from tqdm import tqdm

from fovea.errors import FoveaError
from fovea.evaluation.running.cache import Cache
from fovea.evaluation.running.jobs import Job, Worker
from fovea.evaluation.running.plan import Plan
from fovea.parallel import completed

_P = ParamSpec("_P")
_T = TypeVar("_T")

_SIGNAL_DELAY = 0.2
"""Seconds to wait after a worker was killed: a signal to all processes may end a worker before it ends this one."""

_worker: Worker
"""In a worker process: what it keeps between its jobs."""


class WorkerProcesses(ProcessPoolExecutor):
    """New processes that leave Ctrl-C to the process that started them.

    They are started anew rather than forked, because threads of ONNX Runtime do not survive a fork.

    Args:
        processes: number of processes. They start with the first work.
        initializer: runs first in each process.
        arguments: arguments of the initializer.
    """

    def __init__(self, processes: int, initializer: Callable[..., None], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        super().__init__(processes, context, initializer=initializer, initargs=arguments)

    def submit(self, function: Callable[_P, _T], /, *arguments: _P.args, **named: _P.kwargs) -> Future[_T]:
        """Hand over work. Ctrl-C never reaches a process that starts for it, and this process as soon as it started."""
        with _ctrl_c_held_back():
            return super().submit(function, *arguments, **named)


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Answer Ctrl-C after the block. Where signals can be blocked, processes that start in it are never reached."""
    arrived: list[int] = []
    in_main = threading.current_thread() is threading.main_thread()  # others may not set signal handlers
    handler = signal.signal(signal.SIGINT, lambda number, _frame: arrived.append(number)) if in_main else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if hasattr(signal, "pthread_sigmask") else None
    try:
        yield
    finally:
        if mask is not None:  # first: if another thread takes the signal late, the handler below raises
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if in_main:
            signal.signal(signal.SIGINT, handler)
        for number in arrived:
            signal.raise_signal(number)


def ignore_ctrl_c() -> None:
    """Ignore Ctrl-C in a worker. It is sent to all processes; the first one answers it and ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def explaining_killed_workers() -> Iterator[None]:
    """Say why a worker was most likely killed.

    Raises:
        FoveaError: a worker was killed.
    """
    try:
        yield
    except BrokenProcessPool as error:
        time.sleep(_SIGNAL_DELAY)  # the signal that ended the worker may be about to end this process, too
        raise FoveaError(
            "a worker was killed, most likely because the memory is full: run again with a smaller -j, "
            "all work so far is kept"
        ) from error


class Pool:
    """The worker processes of an evaluation. They start when there is work.

    Args:
        plan: plan of the evaluation.
        processes: number of jobs that run at the same time.
        cache: where this process puts what the jobs find.
    """

    def __init__(self, plan: Plan, processes: int, cache: Cache) -> None:
        self._plan, self._processes, self._cache = plan, processes, cache
        self._workers: WorkerProcesses | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._workers is not None:
            self._workers.shutdown(cancel_futures=True)

    def run(self, jobs: Iterable[Job], title: str, unit: str) -> None:
        """Run the jobs whose results the cache lacks, with a progress bar. An interruption loses only what is running.

        Args:
            jobs: the jobs, in any order.
            title: title of the progress bar.
            unit: what one job makes.

        Raises:
            FoveaError: a job failed, or a worker was killed.
        """
        missing = [job for job in jobs if not all(key in self._cache for key in job.keys(self._plan))]
        if not missing:
            return
        workers = self._workers = self._workers or start_workers(self._plan, self._processes)
        # Few jobs at a time: results must not pile up faster than they are written.
        limit = 2 * self._processes
        with explaining_killed_workers(), tqdm(total=len(missing), desc=title, unit=unit, smoothing=0.05) as bar:
            for found in completed(workers, _run, missing, limit):
                self._cache.put(found)
                bar.update()


def start_workers(plan: Plan, processes: int) -> WorkerProcesses:
    """Return the worker processes of an evaluation."""
    return WorkerProcesses(processes, _prepare, plan)


def _prepare(plan: Plan) -> None:
    global _worker
    ignore_ctrl_c()
    _worker = Worker(plan)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent ends: a parent that is killed does not end its workers."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _run(job: Job) -> Mapping[str, bytes]:
    return job.run(_worker)
