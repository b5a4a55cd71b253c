"""A greedy caller leaves others their part of the queue, of the memory for bodies, and of the connections."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from fovea.serve import Limits

from .conftest import connect, head, loopback, serving, until

GREEDY, OTHER = "192.0.2.1", "192.0.2.2"
LIMITS = Limits(jobs=1, queue=4, connections=40)


@pytest.fixture(scope="module")
def server():
    with serving(LIMITS) as running:
        yield running


def call(server, caller, body, **more):
    """Call as a proxy does for a caller."""
    return server.client.post("/v1/encode", content=body, headers={"X-Forwarded-For": caller}, **more)


def test_a_greedy_caller_leaves_others_their_turn(server, blocked):
    with ThreadPoolExecutor(8) as threads:
        greedy = []
        for number in range(5):
            greedy.append(threads.submit(call, server, GREEDY, b"greedy %d" % number))
            until(lambda: server.service.pool.running + server.service.pool.waiting == len(greedy))
        assert call(server, GREEDY, b"one more").status_code == 503
        other = threads.submit(call, server, OTHER, b"other")
        refused = greedy.pop().result()  # the newest makes room
        assert refused.status_code == 503 and int(refused.headers["retry-after"]) >= 1
        assert "other callers" in refused.json()["detail"]
        until(lambda: server.service.pool.waiting == 4)
        blocked.release.set()
        assert {job.result().status_code for job in (other, *greedy)} == {200}
    assert blocked.bodies == [b"greedy 0", b"greedy 1", b"other", b"greedy 2", b"greedy 3"]
    assert server.metric('fovea_rejected_total{reason="queue"}') == 2


def test_one_caller_may_not_hold_the_memory_for_all_bodies(server, blocked, monkeypatch):
    monkeypatch.setattr(server.service.intake, "_share", 150)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(call, server, GREEDY, bytes(100))
        assert blocked.begun.wait(20)
        second = call(server, GREEDY, bytes(100))
        assert second.status_code == 503 and "receives or sends too much" in second.json()["detail"]
        blocked.release.set()
        assert call(server, OTHER, bytes(100)).status_code == 200
        assert first.result().status_code == 200


def test_one_caller_may_not_take_all_connections(server):
    address = loopback(2)
    server.close_connections()
    many = [connect(server, source=address) for _ in range(LIMITS.connections // 2)]
    until(lambda: len(server.server.server_state.connections) >= LIMITS.connections // 2)
    with connect(server, source=address) as refused:
        assert refused.recv(100).startswith(b"HTTP/1.1 503 ")
    assert server.client.get("/healthz").status_code == 200
    for connection in many:
        connection.close()


def test_who_is_no_proxy_cannot_name_another_caller(server, blocked):
    address = loopback(2)
    connections = [
        connect(server, head("/v1/encode", 4, f"X-Forwarded-For: 192.0.2.{number}") + b"body", source=address)
        for number in range(5)
    ]
    until(lambda: server.service.pool.full)
    with connect(server, head("/v1/encode", 4, "X-Forwarded-For: 192.0.2.9") + b"body", source=address) as refused:
        assert refused.recv(100).startswith(b"HTTP/1.1 503 ")
    blocked.release.set()
    for connection in connections:
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        connection.close()
