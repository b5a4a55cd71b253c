"""A web server in a thread."""

import os
import socket
import threading
import time

import uvicorn
from fastapi import FastAPI

from fovea.camera.addresses import host_of_url, is_host
from fovea.errors import FoveaError

_START_S = 10.0
"""Longest time that the server may take to start, in seconds."""
_KEEP_ALIVE_S = 75
"""Time in seconds after which a connection without requests is closed. It is long, because frames may be rare."""
_STOP_S = 1
"""Time in seconds that requests have to end when the server is closed."""


class Server:
    """Serves an application in a thread, until the server is closed.

    Args:
        app: the application.
        host: name or IP address to listen on.
        port: port to listen on; 0 takes a free one.

    Attributes:
        port: port that the server listens on.

    Raises:
        FoveaError: the address cannot be used.
    """

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        name = f"{host_of_url(host)}:{port}"
        if not is_host(host):
            raise FoveaError("the host has no valid name", path=name)
        try:
            family, kind, protocol, _, place = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            self._socket = socket.socket(family, kind, protocol)
            if os.name != "nt":  # on Windows it would let two servers share a port
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(place)
        except OSError as error:
            raise FoveaError(f"cannot be opened: {error.strerror or error}", path=name) from error
        self.port: int = self._socket.getsockname()[1]
        # Streams of events never end by themselves, so a server that is closed waits for them only for a moment.
        # Logging is configured by the program: the configuration of uvicorn would close the handlers of the program.
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="error",
            lifespan="off",
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_STOP_S,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="server", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(_STOP_S + _START_S)
        self._socket.close()
