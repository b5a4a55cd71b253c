"""Receiving the bodies of requests, with limits that apply while they arrive."""

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
"""Largest memory of all bodies together, in multiples of the largest body, in addition to one body for each job."""
_SHARE = _BODIES // 2
"""Largest memory of the bodies of one caller, likewise."""


@dataclass
class _Held:
    """The caller of a request, and the number of bytes of its body that are in memory."""

    caller: str
    size: int = 0


class Intake:
    """Receives bodies. There is a limit for the memory of all bodies together, and a lower one for those of a caller.

    Args:
        limits: limits of the service.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._budget = (_BODIES + limits.jobs) * limits.body_bytes
        self._share = (_SHARE + limits.jobs) * limits.body_bytes
        self._held: Counter[str] = Counter()  # bytes by caller

    @asynccontextmanager
    async def body(self, request: Request, caller: str) -> AsyncIterator[bytes]:
        """Receive the body of a request, and count its memory until the end of the block.

        Args:
            request: the request.
            caller: name of its caller, see :func:`fovea.serve.callers.caller_of`.

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
        announced = request.headers.get("content-length", "")
        self._check(int(announced) if announced.isdecimal() else 0, held.caller)
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
    """Wait until the client closes the connection. The body must have arrived before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
