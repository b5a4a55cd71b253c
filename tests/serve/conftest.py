"""Servers on loopback, which run in a thread of the tests, and pictures to send."""

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
pytest.importorskip("prometheus_client")
pytest.importorskip("uvicorn")

import httpx
import uvicorn

from fovea.parallel import checkpoint
from fovea.serve import Limits, Settings
from fovea.serve.coding import Coding, Result
from fovea.serve.server import configure

if TYPE_CHECKING:
    from fovea.serve.service import Service

TOKEN = "sixteen-characters"


class Running:
    """A server that runs: its address, its parts, and a client."""

    def __init__(self, server: uvicorn.Server) -> None:
        self.server = server
        self.port: int = server.servers[0].sockets[0].getsockname()[1]
        self.client = self._new_client()

    def _new_client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)

    def close_connections(self) -> None:
        """Close the connections of the client, which stay open between calls."""
        self.client.close()
        self.client = self._new_client()
        until(lambda: not self.server.server_state.connections)

    @property
    def service(self) -> "Service":
        return self.server.config.app.state.service

    def post(self, path: str, body: Any = b"", **parameters: Any) -> httpx.Response:
        return self.client.post(path, content=body, params=parameters)

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        lines = [line for line in self.client.get("/metrics").text.splitlines() if line.startswith(name)]
        return sum(float(line.rpartition(" ")[2]) for line in lines)


@contextmanager
def serving(limits: Limits | None = None, **settings: Any) -> Iterator[Running]:
    """Run a server until the end of the block."""
    settings = {"port": 0, "models": ("fovea-s",), "limits": limits or Limits(jobs=2)} | settings
    server = uvicorn.Server(configure(Settings(**settings)))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started or not thread.is_alive())
    running = Running(server)
    try:
        yield running
    finally:
        running.client.close()
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


def idle(running: Running) -> bool:
    """Whether nothing waits and nothing is coded."""
    pool = running.service.pool
    return pool.waiting == pool.running == 0


def connect(running: Running, request: bytes = b"", source: str = "127.0.0.1") -> socket.socket:
    """Open a connection to a server from an address of this machine, and send something."""
    connection = socket.create_connection(("127.0.0.1", running.port), 20, (source, 0))
    connection.sendall(request)
    return connection


def loopback(number: int) -> str:
    """An address of this machine, as those of different callers are."""
    address = f"127.0.0.{number}"
    try:
        with socket.create_server((address, 0)):
            return address
    except OSError:
        pytest.skip("this system has one address of loopback")


def head(path: str = "/v1/encode", length: int = 100, *more: str) -> bytes:
    """The head of a request."""
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {length}", *more, "", ""]
    return "\r\n".join(lines).encode()


class Blocked:
    """Encoding that goes on, tile by tile, until it is released or stopped. It notes what it is given."""

    def __init__(self) -> None:
        self.release, self.begun, self.stopped = threading.Event(), threading.Event(), threading.Event()
        self.bodies: list[bytes] = []

    def encode(self, body: bytes, parameters: Any) -> Result:
        self.bodies.append(body)
        self.begun.set()
        try:
            while not self.release.wait(0.005):
                checkpoint()
        except Exception:
            self.stopped.set()
            raise
        return Result(b"done", "image/x-fovea")


@pytest.fixture
def blocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Blocked]:
    work = Blocked()
    monkeypatch.setattr(Coding, "encode", lambda _self, body, parameters: work.encode(body, parameters))
    yield work
    work.release.set()


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serving() as server:
        yield server


def png(width: int = 80, height: int = 48, mode: str = "RGB") -> bytes:
    """A PNG file of ramps with a bright square."""
    down, right = np.mgrid[:height, :width]
    pixels = np.stack([2 * right, 3 * down, right + down], axis=2).astype(np.uint8)
    pixels[height // 4 : height // 2, width // 4 : width // 2] = (250, 240, 20)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session")
def photo() -> bytes:
    return png()


@pytest.fixture(scope="module")
def coded(running: Running, photo: bytes) -> bytes:
    return running.post("/v1/encode", photo, quality=40).content
