"""Forked children neither wait for threads that they have not got, nor for locks that nobody opens."""

import os
import threading

import pytest

from fovea.forks import Lock, PerProcess

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


class Made:
    """Tells when it is freed."""

    def __init__(self, freed: list[int]) -> None:
        self.process, self._freed = os.getpid(), freed

    def __del__(self) -> None:
        self._freed.append(os.getpid())


def in_child(check) -> bool:
    """Whether ``check`` holds in a forked child, which ends without cleaning up."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if check() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_thing_is_made_once_whatever_the_threads():
    made: list[object] = []
    thing = PerProcess(lambda: made.append(object()) or made[-1])
    threads = [threading.Thread(target=thing.get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [thing.get()]


def test_what_cannot_be_made_is_tried_again():
    results = iter([ValueError("not yet"), "made"])

    def make() -> str:
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return result

    thing = PerProcess(make)
    with pytest.raises(ValueError, match="not yet"):
        thing.get()
    assert thing.get() == "made"


def test_a_child_makes_its_own_and_never_frees_that_of_its_parent():
    freed: list[int] = []
    thing = PerProcess(lambda: Made(freed))
    thing.get()

    def check() -> bool:
        nonlocal thing
        own = thing.get().process == os.getpid()
        del thing
        return own and freed == [os.getpid()]  # its own alone

    assert in_child(check)
    assert thing.get().process == os.getpid() and not freed


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
