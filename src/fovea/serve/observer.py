"""What is done for every request: its id, its line in the log, its metrics, and some headers of its answer."""

import asyncio
import logging
import re
import time
import uuid
from contextlib import suppress
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fovea.serve.logs import FACTS, REQUESTS
from fovea.serve.metrics import Metrics
from fovea.serve.problems import MEDIA_TYPE, ClientGoneError, problem_of

_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
_DISCARD_SECONDS = 2.0
"""Longest time for which the rest of a refused body is read."""
_GONE = 499
"""Status in the log and the metrics for a request whose client did not wait for the answer."""
_SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_log = logging.getLogger(REQUESTS)


class Observer:
    """An ASGI layer around the application, which observes every request.

    Args:
        app: the application.
        metrics: metrics of the service.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application for a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._metrics.in_flight.track_inprogress():
            exchange = _Exchange(scope, receive, send)
            try:
                await self._app(scope, exchange.receive, exchange.send)
            except ClientGoneError:
                exchange.status = _GONE
            except Exception:
                facts = {"request_id": exchange.request_id}
                _log.exception("a request failed unexpectedly", extra={FACTS: facts})
                await exchange.fail()
            finally:
                self._record(scope, exchange)

    def _record(self, scope: Scope, exchange: "_Exchange") -> None:
        state: dict[str, Any] = scope["state"]
        seconds = time.monotonic() - exchange.start
        # The template of the route, and not the path of the request: a client that tries many paths must not fill the
        # metrics.
        route = getattr(scope.get("route"), "path", "none")
        pixels = state.get("pixels", 0)
        self._metrics.requests.labels(route, str(exchange.status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        self._metrics.received.labels(route).inc(exchange.received)
        self._metrics.sent.labels(route).inc(exchange.sent)
        self._metrics.pixels.labels(route).inc(pixels)
        if reason := state.get("rejected"):
            self._metrics.rejected.labels(reason).inc()
        self._metrics.refresh()
        facts = {
            "request_id": exchange.request_id,
            "method": scope["method"],
            "route": route,
            "status": exchange.status,
            "milliseconds": round(1000 * seconds, 1),
            "bytes_in": exchange.received,
            "bytes_out": exchange.sent,
            "pixels": pixels,
            "model": state.get("model"),
        }
        _log.info("request", extra={FACTS: facts})


class _Exchange:
    """A request and its answer, whose bytes are counted; the arguments are those of an ASGI application."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._headers, self._method = Headers(scope=scope), scope["method"]
        given = self._headers.get("x-request-id", "")
        self.request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = self.request_id
        self.start = time.monotonic()
        self.status = 500
        self.received = self.sent = 0
        self._complete = self._begun = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self.received += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
        else:
            self._complete = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self._begun = message["status"], True
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            for name, value in _SAFETY.items():
                headers[name] = value
            if not self._complete and headers.get("connection") != "close":
                await self._discard_rest()
        elif self._method != "HEAD":  # whose answers have no body on the connection
            self.sent += len(message.get("body", b""))
        await self._send(message)

    async def fail(self) -> None:
        """Answer that the service has failed, unless the answer has begun."""
        if self._begun:
            return
        problem = problem_of(500, "The service failed unexpectedly; its log says why.", self.request_id)
        response = JSONResponse(problem.model_dump(), 500, media_type=MEDIA_TYPE)
        await response({"type": "http"}, self.receive, self.send)

    async def _discard_rest(self) -> None:
        """Read and drop the rest of a refused body for a short time.

        If the connection were closed while the client sends, it would be reset, and the client would not see the
        answer. A client that asks before it sends the body (``Expect: 100-continue``) sees the answer in any case.
        """
        if "expect" in self._headers:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_DISCARD_SECONDS):
                while not self._complete:
                    await self.receive()
