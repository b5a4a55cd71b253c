"""Clients that close their connection: nothing is computed for them, and nothing of theirs keeps others waiting."""

import threading
from contextlib import contextmanager

import pytest

from fovea.serve import Limits

from .conftest import connect, head, idle, png, serving, until

GONE = 'fovea_requests_total{route="/v1/encode",status="499"}'


@pytest.fixture(scope="module")
def server():
    with serving(Limits(jobs=1, queue=10)) as running:
        yield running


@pytest.fixture
def request_bytes(photo):
    return head(length=len(photo)) + photo


@contextmanager
def held(running):
    """Keep the event loop from doing anything until the end of the block, as a burst of other work would."""
    reached, release = threading.Event(), threading.Event()

    def hold():
        reached.set()
        assert release.wait(20)

    running.server.servers[0].get_loop().call_soon_threadsafe(hold)
    assert reached.wait(20)
    try:
        yield
    finally:
        release.set()


@pytest.mark.parametrize("size", [100, 200_000])
def test_nothing_is_computed_for_clients_that_left_before_their_request_was_read(server, blocked, size):
    """A long body is read in several parts, and the end of the connection after these."""
    before = server.metric(GONE)
    with held(server):
        for _ in range(5):
            connect(server, head(length=size) + bytes(size)).close()
    until(lambda: server.metric(GONE) == before + 5)
    assert blocked.bodies == []
    assert idle(server)


def test_clients_that_leave_the_queue_are_never_served(server, blocked, request_bytes):
    before = server.metric(GONE)
    with connect(server, request_bytes) as first:
        assert blocked.begun.wait(20)
        waiting = [connect(server, request_bytes) for _ in range(5)]
        until(lambda: server.service.pool.waiting == 5)
        for connection in waiting:
            connection.close()
        until(lambda: server.service.pool.waiting == 0)
        assert server.metric(GONE) == before + 5
        assert server.service.pool.running == 1
        blocked.release.set()
        assert first.recv(100).startswith(b"HTTP/1.1 200 ")
    assert len(blocked.bodies) == 1


def test_a_free_thread_goes_past_clients_that_have_just_left(server, blocked, request_bytes):
    """Their connections end before the thread is free, and the event loop hears of both at once."""
    before = server.metric(GONE)
    with connect(server, request_bytes) as first:
        assert blocked.begun.wait(20)
        waiting = [connect(server, request_bytes) for _ in range(5)]
        until(lambda: server.service.pool.waiting == 5)
        with connect(server, request_bytes) as last:
            until(lambda: server.service.pool.waiting == 6)
            with held(server):
                for connection in waiting:
                    connection.close()
                blocked.release.set()
            assert first.recv(100).startswith(b"HTTP/1.1 200 ")
            assert last.recv(100).startswith(b"HTTP/1.1 200 ")
    assert server.metric(GONE) == before + 5
    assert len(blocked.bodies) == 2


def test_bodies_of_clients_that_left_are_dropped(server, blocked):
    before = server.metric(GONE)
    cut = [connect(server, head(length=100_000) + bytes(50_000)) for _ in range(5)]
    until(lambda: server.service.intake._held.total() == 250_000)
    for connection in cut:
        connection.close()
    until(lambda: server.metric(GONE) == before + 5)
    assert not server.service.intake._held
    assert blocked.bodies == []


@pytest.mark.parametrize("threads", [1, 2])
def test_a_coding_stops_within_a_tile(threads, monkeypatch):
    """The client of a picture of one tile leaves while its first network runs: no other network runs for it."""
    from fovea.engine import Session

    runs = []
    run = Session.__call__

    def last_run(session, *inputs):
        runs.append(session)
        client.close()
        until(lambda: gone.service.pool.running == 1 and gone.metric(GONE) == 1)
        return run(session, *inputs)

    with serving(Limits(jobs=1), threads=threads) as gone:
        photo = png()
        client = connect(gone)
        monkeypatch.setattr(Session, "__call__", last_run)
        client.sendall(head(length=len(photo)) + photo)
        until(lambda: gone.metric(GONE) == 1 and idle(gone))
    assert len(runs) == 1
