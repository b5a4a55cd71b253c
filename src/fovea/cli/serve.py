"""The verb ``fovea serve``."""

import os
import signal
from pathlib import Path

import click

from fovea.cli.failures import needs_extra
from fovea.cli.interruption import Interruption
from fovea.cli.options import (
    FilePath,
    Name,
    Number,
    debug_option,
    engine_option,
    jobs_option,
    listening_options,
    precision_option,
)
from fovea.engine import available_cores
from fovea.errors import ArgumentError

TOKEN = "FOVEA_TOKEN"
"""The environment variable that holds the token."""


@click.command()
@listening_options("the service", 8000, "needs a token")
@click.option(
    "--token-file",
    metavar="FILE",
    type=FilePath(path_type=Path),
    help=f"File whose first line callers must send as their token.  [default: the variable {TOKEN}]",
)
@click.option(
    "-m",
    "--model",
    "models",
    metavar="NAME",
    type=Name(),
    multiple=True,
    help="Model to serve, the default one first; may be given several times.  [default: all that are installed]",
)
@click.option(
    "--workers",
    metavar="N",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    is_eager=True,  # the default of --jobs follows from it
    help="Processes. The limits below are those of each.",
)
@jobs_option("Pictures that are coded at the same time", workers=True)
@click.option(
    "--queue",
    metavar="N",
    type=click.IntRange(min=0),
    default=32,
    show_default=True,
    help="Requests that wait for one of these; beyond them the answer is 503.",
)
@click.option(
    "--max-body",
    metavar="BYTES",
    type=click.IntRange(min=1),
    default=32 * 2**20,
    show_default=True,
    help="Largest body of a request.",
)
@click.option(
    "--max-pixels",
    metavar="N",
    type=click.IntRange(min=1),
    default=26_000_000,
    show_default=True,
    help="Largest picture; larger ones are refused before they take memory.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=Number(0.1, 3600),
    default=120.0,
    show_default=True,
    help="Longest time from the end of a body to the answer.",
)
@click.option(
    "--upload-timeout",
    metavar="SECONDS",
    type=Number(0.1, 3600),
    default=30.0,
    show_default=True,
    help="Longest time in which a body may arrive.",
)
@click.option(
    "--max-connections",
    metavar="N",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="Open connections; beyond them the answer is 503.",
)
@engine_option
@precision_option
@debug_option
def serve(
    host: str,
    port: int,
    token_file: Path | None,
    models: tuple[str, ...],
    workers: int,
    jobs: int,
    queue: int,
    max_body: int,
    max_pixels: int,
    timeout: float,
    upload_timeout: float,
    max_connections: int,
    engine: str,
    precision: str,
) -> None:
    """Serve encoding and decoding over HTTP, with a page to try it.

    Callers send the token as "Authorization: Bearer TOKEN". Without a token the service listens on this machine alone.
    SIGTERM and Ctrl-C let it finish what runs. Needs the extra serve.
    """
    with needs_extra("serve"):
        from fovea import serve as service
    settings = service.Settings(
        host=host,
        port=port,
        token=_token(token_file),
        models=models or service.installed_models(),
        workers=workers,
        threads=max(1, available_cores() // (workers * jobs)),
        engine=engine,
        precision=precision,
        limits=service.Limits(
            body_bytes=max_body,
            pixels=max_pixels,
            seconds=timeout,
            upload_seconds=upload_timeout,
            jobs=jobs,
            queue=queue,
            connections=max_connections,
        ),
    )
    try:
        service.run(settings)
    except Interruption as stop:
        if stop.number not in (signal.SIGINT, signal.SIGTERM):
            raise
        # The service has finished what ran: it has done what it was asked for.


def _token(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get(TOKEN) or None
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ArgumentError(f"the token cannot be read: {reason}", path=file) from error
    if not lines or not lines[0].strip():
        raise ArgumentError("the first line of the file must hold the token", path=file)
    return lines[0].strip()
