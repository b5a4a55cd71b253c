"""Forked children wait neither for threads that they do not have nor for locks that stay locked."""

import os
import threading

import pytest

from fovea.forks import Lock, PerProcess

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


class Tracked:
    """A value that records the process that frees it."""

    def __init__(self, freed: list[int]) -> None:
        self.process, self._freed = os.getpid(), freed

    def __del__(self) -> None:
        self._freed.append(os.getpid())


def in_child(check) -> bool:
    """Return whether ``check`` is true in a forked child, which ends without cleaning up."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if check() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_value_is_made_once_by_any_number_of_threads():
    made: list[object] = []
    value = PerProcess(lambda: made.append(object()) or made[-1])
    threads = [threading.Thread(target=value.get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [value.get()]


def test_making_a_value_is_tried_again_after_a_failure():
    results = iter([ValueError("not yet"), "made"])

    def make() -> str:
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return result

    value = PerProcess(make)
    with pytest.raises(ValueError, match="not yet"):
        value.get()
    assert value.get() == "made"


def test_a_child_makes_its_own_value_and_never_frees_the_value_of_its_parent():
    freed: list[int] = []
    value = PerProcess(lambda: Tracked(freed))
    value.get()

    def check() -> bool:
        nonlocal value
        own = value.get().process == os.getpid()
        del value
        return own and freed == [os.getpid()]  # only its own value

    assert in_child(check)
    assert value.get().process == os.getpid() and not freed


def test_a_lock_is_open_in_a_child_while_another_thread_holds_it():
    lock, held, end = Lock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            end.wait()

    def check() -> bool:
        with lock:
            return True

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        assert in_child(check)
    finally:
        end.set()
        thread.join()
