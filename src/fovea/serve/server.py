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
"""Largest number of connections that wait to be accepted."""
_KEEP_ALIVE_SECONDS = 15
"""Longest time between two requests of a connection."""
_GRACE_SECONDS = 5.0
"""Time for which a process that ends waits for its requests, in addition to their longest time."""
_START_SECONDS = 60
"""Longest time for which a process may not answer its supervisor: it may take this long to start."""


def run(settings: Settings) -> None:
    """Serve until a signal (SIGTERM or SIGINT) comes, finish the running requests, and raise the signal again.

    Several processes share the listening socket. A process that dies is replaced.

    Args:
        settings: how the service runs.

    Raises:
        FoveaError: a model or the engine cannot be used.
        SystemExit: the service cannot listen on the address.
    """
    log_as_json()
    _allow_connections(settings)
    config = configure(settings)
    if settings.workers == 1:
        Server(config).run()
        return
    Coding(settings)  # fails here, once, if a model cannot be used: a process that fails would be started again forever
    with tempfile.TemporaryDirectory(prefix="fovea-metrics-") as folder:
        os.environ[FOLDER] = folder
        listener = config.bind_socket()
        listener.listen(_BACKLOG)  # clients that connect before the processes have started wait for them
        Multiprocess(config, sockets=[listener]).run()


def configure(settings: Settings) -> Config:
    """Return the configuration with which uvicorn runs the application."""
    limits = settings.limits
    return Config(
        # Several processes are started with a pickle of this configuration, and each makes its own application.
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
        timeout_graceful_shutdown=int(limits.upload_seconds + limits.seconds + _GRACE_SECONDS),
    )


def _allow_connections(settings: Settings) -> None:
    """Raise the number of files that the process may open, as far as the system allows: connections are files."""
    with suppress(ImportError):  # Windows has neither the module nor the limit
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = settings.limits.connections + 256
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard > 0 else wanted, hard))
