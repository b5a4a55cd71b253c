"""The queue in which callers take turns."""

import asyncio
import random
from collections import Counter

import pytest

from fovea.serve.queue import FairQueue


class BusyError(Exception):
    pass


@pytest.fixture
def turn():
    loop = asyncio.new_event_loop()
    yield loop.create_future
    loop.close()


def enter(queue, caller, turn):
    """A request of a caller, if there is a place for it."""
    if not queue.has_place(caller):
        return None
    request = turn()
    queue.enter(caller, request, BusyError())
    return request


def lost(request):
    return request.done() and isinstance(request.exception(), BusyError)


def test_callers_take_turns_and_keep_the_order_of_their_own(turn):
    queue = FairQueue(10)
    requests = [(caller, enter(queue, caller, turn)) for caller in "aaabcb"]
    names = {request: f"{caller}{number}" for number, (caller, request) in enumerate(requests)}
    assert [names[queue.take()] for _ in range(6)] == ["a0", "b3", "c4", "a1", "b5", "a2"]
    assert len(queue) == 0


def test_a_caller_alone_may_fill_the_queue_and_no_more(turn):
    queue = FairQueue(3)
    requests = [enter(queue, "a", turn) for _ in range(4)]
    assert queue.full and len(queue) == 3
    assert requests[3] is None
    assert not any(request.done() for request in requests[:3])


def test_the_longest_line_makes_room(turn):
    queue = FairQueue(4)
    first = [enter(queue, "a", turn) for _ in range(4)]
    second = [enter(queue, "b", turn) for _ in range(3)]
    assert [lost(request) for request in first] == [False, False, True, True]
    assert second[2] is None
    third = enter(queue, "c", turn)
    assert third and sum(map(lost, first[:2] + second[:2])) == 1
    assert len(queue) == 4


def test_who_leaves_frees_a_place(turn):
    queue = FairQueue(2)
    first, second = enter(queue, "a", turn), enter(queue, "b", turn)
    assert not queue.has_place("c")
    queue.leave(first)
    third = enter(queue, "c", turn)
    assert [queue.take(), queue.take()] == [second, third]


def test_a_queue_without_places_takes_nobody():
    assert not FairQueue(0).has_place("a")


@pytest.mark.parametrize("seed", range(5))
def test_every_caller_has_its_share(seed, turn):
    """Of 12 places and 4 callers, a caller with fewer than 3 requests is never refused, and never loses one."""
    queue, noise = FairQueue(12), random.Random(seed)
    requests = []  # (caller, request)
    for _ in range(500):
        caller = noise.choice("aaaaaaabcd")
        waiting = Counter(name for name, request in requests if not request.done())
        request = enter(queue, caller, turn)
        assert request or waiting[caller] >= 3
        if request:
            requests.append((caller, request))
        assert all(waiting[name] > 3 for name, other in requests if lost(other))
        requests = [(name, other) for name, other in requests if not other.done()]
        if len(queue) and noise.random() < 0.3:
            queue.take().set_result(None)
        assert len(queue) == sum(not other.done() for _, other in requests) <= 12
