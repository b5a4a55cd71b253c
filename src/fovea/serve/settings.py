"""The settings that an operator chooses when the service starts."""

import ipaddress
import re
from dataclasses import dataclass, field

from fovea.codec import DEFAULT_MODEL
from fovea.engine import available_cores
from fovea.errors import ArgumentError
from fovea.store import SUFFIX, list_models

SHORTEST_TOKEN = 16
"""Smallest number of characters of a token."""


@dataclass(frozen=True)
class Limits:
    """The limits of one process of the service. It refuses a request beyond a limit, and serves all others.

    Attributes:
        body_bytes: largest body of a request, in bytes.
        pixels: largest number of pixels of a picture that is encoded or decoded.
        seconds: longest time from the end of the body of a request to the answer, in seconds.
        upload_seconds: longest time in which a body may arrive, in seconds.
        jobs: largest number of pictures that are coded at the same time.
        queue: largest number of requests that wait for one of these.
        connections: largest number of open connections.
    """

    body_bytes: int = 32 * 2**20
    pixels: int = 26_000_000
    seconds: float = 120.0
    upload_seconds: float = 30.0
    jobs: int = field(default_factory=available_cores)
    queue: int = 32
    connections: int = 2000


@dataclass(frozen=True)
class Settings:
    """How the service runs.

    Attributes:
        host: address to listen on.
        port: port to listen on; 0 for any that is free.
        token: secret that each request has to carry; None if everybody who reaches the address may call.
        models: names of the models that are served, the default first.
        workers: number of processes, each with limits of its own.
        threads: number of threads that one picture may use.
        engine: inference runtime.
        precision: precision of the networks.
        limits: the limits of each process.

    Raises:
        ArgumentError: other machines can reach the host and there is no token; the token is too short, or has other
            characters than printable ASCII; there is no model; or a model is a path instead of a name.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)
    models: tuple[str, ...] = (DEFAULT_MODEL,)
    workers: int = 1
    threads: int = 1
    engine: str = "onnxruntime"
    precision: str = "auto"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.token is None:
            if not _is_loopback(self.host):
                raise ArgumentError(
                    f"without a token the service listens on this machine alone, not on {self.host}:"
                    " set FOVEA_TOKEN or give --token-file"
                )
        elif not re.fullmatch(r"[!-~]+", self.token):
            raise ArgumentError("the token must consist of printable ASCII characters without spaces")
        elif len(self.token) < SHORTEST_TOKEN:
            raise ArgumentError(f"the token must have at least {SHORTEST_TOKEN} characters")
        if not self.models:
            raise ArgumentError("no model is installed: put its file into a folder that FOVEA_MODELS names")
        if files := [name for name in self.models if name.endswith(SUFFIX)]:
            raise ArgumentError(f"{files[0]} is no name of a model: put the file into a folder that FOVEA_MODELS names")


def installed_models() -> tuple[str, ...]:
    """Return the names of all models that need no download, the default first."""
    return tuple(info.name for info in list_models() if info.path is not None)


def _is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address.

    Example:
        >>> [_is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.org", "")]
        [True, True, True, False, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
