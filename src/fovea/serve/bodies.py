"""Receiving the bodies of requests and sending answers, with limits for the memory that they take meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import Request, Response
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from fovea.serve.problems import ClientGoneError, RefusedError
from fovea.serve.settings import Limits

_BODIES = 8
"""Largest memory of all bodies and answers, in multiples of the largest body, in addition to one for each job."""
_SHARE = _BODIES // 2
"""Largest memory of the bodies and answers of one caller, likewise."""
_PART = 2**18
"""Number of bytes of an answer that are sent at once."""


@dataclass
class Held:
    """The caller of a request, and the number of bytes of its body, and later of its answer, that are in memory."""

    caller: str
    size: int = 0


class Intake:
    """Receives bodies, and counts their memory and that of the answers.

    There is a limit for the memory of all bodies and answers together, and a lower one for those of a caller.

    Args:
        limits: limits of the service.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._budget = (_BODIES + limits.jobs) * limits.body_bytes
        self._share = (_SHARE + limits.jobs) * limits.body_bytes
        self._held: Counter[str] = Counter()  # bytes by caller

    @contextmanager
    def held(self, caller: str) -> Iterator[Held]:
        """Yield the memory of a request, which is counted until the end of the block.

        Args:
            caller: name of the caller, see :func:`fovea.serve.callers.caller_of`.
        """
        held = Held(caller)
        try:
            yield held
        finally:
            self._release(held)

    async def body(self, request: Request, held: Held) -> bytes:
        """Receive the body of a request, and count its memory.

        Args:
            request: the request.
            held: memory of the request.

        Raises:
            RefusedError: the body is empty or too large, takes too long, or would take too much memory now.
            ClientGoneError: the client closed the connection.
        """
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

    def answer(self, size: int, held: Held) -> None:
        """Count the memory of an answer instead of that of the body.

        An answer may be larger than all bodies may be, so it is refused only if the others are beyond the limit.

        Args:
            size: number of bytes of the answer.
            held: memory of the request.

        Raises:
            RefusedError: there is too much in memory now.
        """
        self._release(held)
        self._check_memory(held.caller)
        held.size = size
        self._held[held.caller] += size

    def _release(self, held: Held) -> None:
        self._held[held.caller] -= held.size
        if not self._held[held.caller]:
            del self._held[held.caller]
        held.size = 0

    def _check(self, size: int, caller: str) -> None:
        largest = self._limits.body_bytes
        if size > largest:
            raise RefusedError(413, f"The body is larger than {largest} bytes, the limit of this service.", "body")
        self._check_memory(caller)

    def _check_memory(self, caller: str) -> None:
        if self._held.total() > self._budget or self._held[caller] > self._share:
            detail = "The service receives or sends too much at once: try again later."
            raise RefusedError(503, detail, "memory", {"Retry-After": "2"})


class InParts(Response):
    """An answer that is sent part by part, each as soon as the client has read the part before.

    The connection would take a whole answer at once, and keep it until the client has read it.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for start in range(0, len(self.body), _PART):
            part = self.body[start : start + _PART]
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})


async def gone(request: Request) -> None:
    """Wait until the client closes the connection. The body must have arrived before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
