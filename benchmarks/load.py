"""Load for the service: clients that measure how long answers take, and clients that misuse it."""

import asyncio
import random
import struct
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np

from fovea.bitstream import Container, Header, Metadata, write
from fovea.store import load_model

_PATIENCE = 120.0
"""Seconds after which an answer counts as failed."""
_ORDINARY, _OTHERS = "127.0.0.1", "127.0.0.2"
"""Addresses of ordinary clients and of those that misuse the service, which shares its places between addresses."""


@dataclass
class Answers:
    """What clients saw.

    Attributes:
        seconds: time of each answer that was given, in seconds.
        refused: number of answers 503, which ask to try again.
        failed: number of other answers and of connections that broke.
        duration: time in which the requests were sent, in seconds.
    """

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0
    duration: float = 0.0

    @property
    def per_second(self) -> float:
        """The number of answers a second."""
        return len(self.seconds) / self.duration

    def percentile(self, percent: float) -> float | None:
        """Return a percentile of the times in milliseconds; None without an answer."""
        return round(1000 * float(np.percentile(self.seconds, percent)), 1) if self.seconds else None


async def closed_loop(
    address: str, bodies: Sequence[bytes], clients: int, seconds: float, source: str = _ORDINARY
) -> Answers:
    """Let clients call again and again, each as soon as it is answered, or after a refusal when the answer says.

    Args:
        address: address of the call, with its parameters.
        bodies: bodies of the requests, which take turns.
        clients: number of clients.
        seconds: how long.
        source: address of the clients.
    """
    answers = Answers()
    begin = time.perf_counter()

    async def run(number: int, client: httpx.AsyncClient) -> None:
        while time.perf_counter() - begin < seconds:
            await _call(client, address, bodies[number % len(bodies)], answers, waits=True)
            number += clients

    async with _client(source) as client:
        await asyncio.gather(*(run(number, client) for number in range(clients)))
    answers.duration = time.perf_counter() - begin
    return answers


async def open_loop(address: str, bodies: Sequence[bytes], rate: float, seconds: float) -> Answers:
    """Send requests at random times, whether earlier ones are answered or not, as many users do.

    Args:
        address: address of the call, with its parameters.
        bodies: bodies of the requests, which take turns.
        rate: mean number of requests a second.
        seconds: how long.
    """
    answers = Answers()
    times = random.Random(0)
    begin = time.perf_counter()
    due, number = 0.0, 0
    async with _client(_ORDINARY) as client, asyncio.TaskGroup() as tasks:
        while (due := due + times.expovariate(rate)) < seconds:
            await asyncio.sleep(max(0.0, begin + due - time.perf_counter()))
            tasks.create_task(_call(client, address, bodies[number % len(bodies)], answers))
            number += 1
    answers.duration = seconds
    return answers


def _client(source: str) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=None), local_address=source)
    return httpx.AsyncClient(timeout=_PATIENCE, transport=transport)


async def _call(client: httpx.AsyncClient, address: str, body: bytes, answers: Answers, *, waits: bool = False) -> None:
    """Call once, and wait after a refusal for as long as it says, if asked to."""
    begin = time.perf_counter()
    try:
        answer = await client.post(address, content=body)
    except httpx.HTTPError:
        answers.failed += 1
        return
    if answer.status_code == 200:
        answers.seconds.append(time.perf_counter() - begin)
    elif answer.status_code == 503:
        answers.refused += 1
        if waits:
            await asyncio.sleep(float(answer.headers["retry-after"]))
    else:
        answers.failed += 1


# --- Misuse ---

Misuse = Callable[[str, Sequence[bytes]], Coroutine[Any, Any, None]]
"""Goes on until it is cancelled. Takes the address of the service and bodies of ordinary requests."""


async def slow_uploads(address: str, _bodies: Sequence[bytes]) -> None:
    """Let 100 clients send their body byte by byte."""

    async def run() -> None:
        async with _connection(address) as (reader, writer):
            writer.write(_head("/v1/encode", 1000))
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.5)

    await _for_ever(run, 100)


async def cut_connections(address: str, bodies: Sequence[bytes]) -> None:
    """Let 20 clients send whole requests, and leave at once."""

    async def run() -> None:
        async with _connection(address) as (_, writer):
            writer.write(_head("/v1/encode", len(bodies[0])) + bodies[0])
            await writer.drain()
        await asyncio.sleep(0.1)

    await _for_ever(run, 20)


async def garbage(address: str, _bodies: Sequence[bytes]) -> None:
    """Let 10 clients send random bytes as pictures and as coded files, as fast as they are answered."""
    noise = random.Random(0)
    starts = (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0", b"\x8fFOV")
    async with _client(_OTHERS) as client:

        async def run() -> None:
            body = noise.choice(starts) + noise.randbytes(20_000)
            with suppress(httpx.HTTPError):
                await client.post(address + noise.choice(("/v1/encode", "/v1/decode")), content=body)

        await _for_ever(run, 10)


async def bombs(address: str, _bodies: Sequence[bytes]) -> None:
    """Let 10 clients send small files that claim to be huge, as fast as they are answered."""
    header = Header(load_model("fovea-s").id, 16_000, 16_000, 50, tile_size=4096)
    coded = write(Container(header, tuple(b"x" for _ in range(header.grid.tiles)), Metadata(), None))
    calls = (("/v1/encode", _png_bomb()), ("/v1/decode", coded))
    async with _client(_OTHERS) as client:

        async def run() -> None:
            for path, body in calls:
                with suppress(httpx.HTTPError):
                    await client.post(address + path, content=body)

        await _for_ever(run, 10)


async def idle_clients(address: str, _bodies: Sequence[bytes]) -> None:
    """Let 1,000 clients connect and send nothing; those whose connection ends connect again."""

    async def run() -> None:
        async with _connection(address) as (reader, _):
            await reader.read()

    await _for_ever(run, 1000)


async def too_many(address: str, bodies: Sequence[bytes]) -> None:
    """Let 100 clients call as fast as they are answered, far more than the queue takes."""
    await closed_loop(address + "/v1/encode", bodies, 100, 1e9, _OTHERS)


MISUSES: dict[str, Misuse] = {
    "slow uploads": slow_uploads,
    "cut connections": cut_connections,
    "garbage": garbage,
    "bombs": bombs,
    "1,000 idle clients": idle_clients,
    "100 greedy clients": too_many,
}


@asynccontextmanager
async def _connection(address: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the host of an address, which is closed at the end of the block."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, local_addr=(_OTHERS, 0))
    try:
        yield reader, writer
    finally:
        writer.close()


async def _for_ever(run: Callable[[], Awaitable[None]], clients: int) -> None:
    """Let clients do something again and again, also where a connection breaks."""

    async def repeat() -> None:
        while True:
            try:
                await run()
            except OSError:
                await asyncio.sleep(0.2)

    await asyncio.gather(*(repeat() for _ in range(clients)))


def _head(path: str, length: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: service\r\nContent-Length: {length}\r\n\r\n".encode()


def _png_bomb() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    start = chunk(b"IHDR", struct.pack(">IIBBBBB", 16_000, 16_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + start + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")
