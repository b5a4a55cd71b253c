"""Running the application with uvicorn, in one process or several."""

import os
import tempfile
from contextlib import suppress
from functools import partial

from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess

from fovea.serve.app import create_app
from fovea.serve.coding import Coding
from fovea.serve.connections import LimitedConnection
from fovea.serve.logs import log_as_json
from fovea.serve.metrics import FOLDER
from fovea.serve.settings import Settings

_BACKLOG = 512
_KEEP_ALIVE_SECONDS = 15
_FARTHEST = 5.0
"""Seconds beyond the longest time of a request that a process which ends waits for it."""

_START_SECONDS = 60
"""Longest time in which a process may not answer the one that watches it: so long may it take to start."""


def run(settings: Settings) -> None:
    """Serve until a signal (SIGTERM or SIGINT), finish what runs, and raise the signal again.

    Several processes share the listening socket. One that dies is replaced.

    Args:
        settings: what the operator decided.

    Raises:
        FoveaError: a model or the engine cannot be used.
        SystemExit: the address cannot be listened on.
    """
    log_as_json()
    _allow_connections(settings)
    config = configure(settings)
    if settings.workers == 1:
        Server(config).run()
        return
    Coding(settings)  # each process does this by itself, and would be started again and again if it failed
    with tempfile.TemporaryDirectory(prefix="fovea-metrics-") as folder:
        os.environ[FOLDER] = folder
        listener = config.bind_socket()
        listener.listen(_BACKLOG)  # who connects before the processes have started waits for them
        Multiprocess(config, sockets=[listener]).run()


def configure(settings: Settings) -> Config:
    """Return how uvicorn runs the application."""
    limits = settings.limits
    return Config(
        # Several processes are started with a pickle of this; the application itself is made in each of them.
        app=partial(create_app, settings) if settings.workers > 1 else create_app(settings),
        factory=settings.workers > 1,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http=LimitedConnection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        limit_concurrency=limits.connections,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_worker_healthcheck=_START_SECONDS,
        timeout_graceful_shutdown=int(limits.upload_seconds + limits.seconds + _FARTHEST),
    )


def _allow_connections(settings: Settings) -> None:
    """Raise the number of files that the process may open, as far as the system allows, for its connections."""
    with suppress(ImportError):  # Windows has neither the module nor the limit
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = settings.limits.connections + 256
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard > 0 else wanted, hard))
