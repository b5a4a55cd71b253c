"""HTTP connections with time limits and with a limit for each caller, which the protocol of uvicorn does not have."""

import asyncio
import math
import socket
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from fovea.serve.callers import caller_of

HEAD_SECONDS = 10.0
"""Longest time in which a client may send the head of a request."""
STALL_SECONDS = 20.0
"""Longest time in which a client may read what was sent at once."""
_UNSENT = 2**16
"""Largest number of unsent bytes that the system keeps for a connection.

By default it keeps some megabytes, and asks for more only after a third of them are read, so that a slow client would
seem to read nothing."""
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n"
    b"Content-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n%s"
)
_PROBLEM = (
    b'{"type":"about:blank","title":"Service Unavailable","status":503,'
    b'"detail":"There are too many connections: try again later.","request_id":""}'
)


class LimitedConnection(H11Protocol):
    """A connection to one client.

    A connection is refused if there are too many connections, or if its caller would have more than half of all that
    are allowed. It is closed when the head of a request takes too long, even if it arrives byte by byte, and when the
    client does not read the answer.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        # With its own limit, uvicorn would answer requests of accepted connections with 503, in plain text.
        self._largest, self.limit_concurrency = self.limit_concurrency or math.inf, None
        self._caller = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept or refuse the connection, for uvicorn."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)  # writing pauses until the system has taken everything
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # Windows does not have it
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)
        self._caller = caller_of(self.client[0] if self.client else "")
        if self._too_many():
            transport.write(_FULL % (len(_PROBLEM), _PROBLEM))
            transport.close()
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take what the client sends, for uvicorn."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._between_requests():
            self._await_head()
        else:
            self._stop_waiting()

    def pause_writing(self) -> None:
        """Wait until the client has read what was sent, for asyncio."""
        super().pause_writing()
        self._stall_timer = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on with sending, for asyncio."""
        super().resume_writing()
        self._stop_watching()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers, for uvicorn."""
        self._stop_waiting()
        self._stop_watching()
        super().connection_lost(exc)

    def _too_many(self) -> bool:
        own = sum(isinstance(other, LimitedConnection) and other._caller == self._caller for other in self.connections)
        return len(self.connections) > self._largest or own > max(1, self._largest / 2)

    def _between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_watching(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
