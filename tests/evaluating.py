"""Evaluations that start no processes, each of which would take longer than all that it computes."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

import pytest

from fovea.evaluation import evaluate
from fovea.evaluation.running import pool
from fovea.evaluation.running.jobs import Worker
from fovea.evaluation.running.plan import Plan


class _Here(Executor):
    """Does all work at once, in this process."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def evaluating_here() -> Iterator[None]:
    """Evaluate in this process. The memory of a codec, which needs a process of its own, is not measured."""

    def start_workers(plan: Plan, processes: int) -> Executor:
        patch.setattr(pool, "_worker", Worker(plan), raising=False)
        return _Here()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "start_workers", start_workers)
        patch.setitem(evaluate.__globals__, "peak_memory", lambda results, codec: 2**20)
        yield
