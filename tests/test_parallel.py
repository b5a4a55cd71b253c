"""Work in threads that can be ended from outside."""

import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from fovea.parallel import checked, checkpoint, completed, parallel


class StopError(Exception):
    pass


@pytest.mark.parametrize("threads", [1, 3])
def test_checkpoints_of_the_items_see_the_check(threads):
    calls = []

    def work(item):
        checkpoint()
        return -item

    with checked(lambda: calls.append(1)):
        assert parallel(work, range(5), threads) == [0, -1, -2, -3, -4]
    assert len(calls) == 10  # before each item, and inside


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_of_the_check_ends_the_work(threads):
    done = []

    def stop():
        raise StopError

    with pytest.raises(StopError), checked(stop):
        parallel(done.append, range(5), threads)
    assert not done


def test_without_a_check_nothing_stops():
    checkpoint()
    with checked(lambda: None):
        pass
    checkpoint()


def test_results_are_yielded_before_more_items_are_taken():
    def items():
        yield -3
        raise StopError

    with ThreadPoolExecutor(1) as pool:
        results = completed(pool, abs, items(), limit=1)
        assert next(results) == 3
        with pytest.raises(StopError):
            next(results)


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals of threads")
def test_a_signal_that_reaches_another_thread_ends_the_wait():
    stopped, ended, in_time = threading.Event(), threading.Event(), []

    def stop(*_):
        raise StopError

    def work(_):
        time.sleep(0.2)  # until the main thread waits
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        in_time.append(stopped.wait(60))
        ended.set()

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        with ThreadPoolExecutor(1) as pool, pytest.raises(StopError):
            try:
                list(completed(pool, work, [0], limit=1))
            finally:
                stopped.set()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert ended.wait(60) and in_time == [True]
