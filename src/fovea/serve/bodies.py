"""Reading the body of a request, with limits while it arrives."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Request
from starlette.requests import ClientDisconnect

from fovea.serve.problems import ClientGoneError, RefusedError
from fovea.serve.settings import Limits

_BODIES = 8
"""All bodies in memory together take at most as much as this many of the largest, beside those that are coded."""
_SHARE = _BODIES // 2
"""The same for the bodies of one caller."""


@dataclass
class _Held:
    """The number of bytes of one body that are in memory, and whose body it is."""

    caller: str
    size: int = 0


class Intake:
    """Receives bodies. What they take in memory together has a limit, and a lower one for each caller.

    Args:
        limits: the limits of the service.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._budget = (_BODIES + limits.jobs) * limits.body_bytes
        self._share = (_SHARE + limits.jobs) * limits.body_bytes
        self._held: Counter[str] = Counter()  # bytes by caller

    @asynccontextmanager
    async def body(self, request: Request, caller: str) -> AsyncIterator[bytes]:
        """Receive the body of a request of a caller, and count it as held until the end of the block.

        Raises:
            RefusedError: the body is empty or too large, takes too long, or would take too much memory now.
            ClientGoneError: the client closed the connection.
        """
        held = _Held(caller)
        try:
            yield await self._receive(request, held)
        finally:
            self._held[caller] -= held.size
            if not self._held[caller]:
                del self._held[caller]

    async def _receive(self, request: Request, held: _Held) -> bytes:
        told = request.headers.get("content-length", "")
        self._check(int(told) if told.isdecimal() else 0, held.caller)
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(self._limits.upload_seconds):
                async for chunk in request.stream():
                    chunks.append(chunk)
                    held.size += len(chunk)
                    self._held[held.caller] += len(chunk)
                    self._check(held.size, held.caller)
        except TimeoutError as error:
            detail = f"The body took longer than {self._limits.upload_seconds:g} seconds to arrive."
            raise RefusedError(408, detail, "upload", {"Connection": "close"}) from error
        except ClientDisconnect as error:
            raise ClientGoneError from error
        if not held.size:
            raise RefusedError(422, "The body is empty: send the file itself as the body of the request.")
        return b"".join(chunks)

    def _check(self, size: int, caller: str) -> None:
        largest = self._limits.body_bytes
        if size > largest:
            raise RefusedError(413, f"The body is larger than {largest} bytes, the limit of this service.", "body")
        if self._held.total() > self._budget or self._held[caller] > self._share:
            detail = "The service receives too much at once: try again later."
            raise RefusedError(503, detail, "memory", {"Retry-After": "2"})


async def gone(request: Request) -> None:
    """Wait until the client closes the connection; the body has arrived before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
