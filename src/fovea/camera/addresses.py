"""The addresses of destinations and watchers, checked before any work."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, quote, unquote, urlsplit

from fovea.errors import FoveaError

USERNAME, PASSWORD = "FOVEA_CAMERA_USERNAME", "FOVEA_CAMERA_PASSWORD"
"""Environment variables for user name and password, which other users could otherwise read in the list of processes."""
_FORMS = "mqtt://HOST/TOPIC, mqtts://HOST/TOPIC, http://HOST:PORT/PATH"

_KEPT = "/%:@!$&'()*+,;="
"""Characters of a path that are not encoded, besides letters and digits; a percent sign begins an encoded one."""


@dataclass(frozen=True)
class Account:
    """A user name and a password; both are empty where there are none."""

    username: str
    password: str

    @classmethod
    def of(cls, url: SplitResult) -> Self:
        """Return the account in an address, or else the one in the environment variables."""
        return cls(
            unquote(url.username or "") or os.environ.get(USERNAME, ""),
            unquote(url.password or "") or os.environ.get(PASSWORD, ""),
        )


@dataclass(frozen=True)
class MqttAddress:
    """A topic of an MQTT broker.

    Attributes:
        host: name or IP address of the broker.
        port: port of the broker; 1883 by default, or 8883 with TLS.
        topic: topic of the messages.
        account: user name and password.
        tls: whether the connection is encrypted.
    """

    host: str
    port: int
    topic: str
    account: Account
    tls: bool = False

    @property
    def requests(self) -> str:
        """The topic on which watchers ask for a whole frame."""
        return f"{self.topic}/keyframe"

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{host_of_url(self.host)}:{self.port}/{self.topic}"


@dataclass(frozen=True)
class HttpAddress:
    """A path of an HTTP server.

    Attributes:
        host: name or IP address of the server.
        port: port of the server; 80 by default, or 443 with TLS.
        path: path to which frames are posted, with percent-encoding; it begins with a slash.
        account: user name and password.
        tls: whether the connection is encrypted.
    """

    host: str
    port: int
    path: str
    account: Account
    tls: bool = False

    def __str__(self) -> str:
        return f"{'https' if self.tls else 'http'}://{host_of_url(self.host)}:{self.port}{self.path}"


Address = MqttAddress | HttpAddress


def parse_address(text: str) -> Address:
    """Return an MQTT or HTTP address.

    Args:
        text: an address, such as ``mqtt://broker.local/yard``.

    Raises:
        FoveaError: the text is no address of MQTT or HTTP, is not valid Unicode, names no valid host, no topic or no
            valid port, has a query, or there is a password without a user name.

    Example:
        >>> print(parse_address("mqtt://me:secret@broker.local/yard/gate"))
        mqtt://broker.local:1883/yard/gate
        >>> parse_address("ftp://a/b")
        Traceback (most recent call last):
        fovea.errors.FoveaError: ftp://a/b: is none of mqtt://HOST/TOPIC, mqtts://HOST/TOPIC, http://HOST:PORT/PATH
    """
    shown = without_account(text)
    url, host, port = _parts(text, shown)
    scheme, tls = url.scheme.removesuffix("s"), url.scheme.endswith("s")
    account = Account.of(url)
    if account.password and not account.username:
        reason = f"has a password without a user name: give both, in the address or in {USERNAME} and {PASSWORD}"
        raise FoveaError(reason, path=shown)
    if scheme == "http":
        if url.query or url.fragment:
            raise FoveaError("has more than a path: write http://HOST:PORT/PATH, without ? and #", path=shown)
        path = quote(url.path or "/", safe=_KEPT)
        return HttpAddress(host, port or (443 if tls else 80), path, account, tls)
    topic = unquote(url.path.removeprefix("/"))
    if not topic or url.query or "#" in text or any(sign in topic for sign in "+#\0"):
        raise FoveaError("names no topic: write mqtt://HOST/TOPIC, without +, # and ?", path=shown)
    return MqttAddress(host, port or (8883 if tls else 1883), topic, account, tls)


def _parts(text: str, shown: str) -> tuple[SplitResult, str, int | None]:
    """Return an address in parts, its host and its port, which are checked."""
    try:
        text.encode()
    except UnicodeError as error:  # the command line was not UTF-8
        raise FoveaError("is not valid Unicode", path=shown) from error
    try:
        url = urlsplit(text)
    except ValueError as error:
        raise FoveaError(f"names no host: write {_FORMS}", path=shown) from error
    try:
        port = url.port
    except ValueError as error:
        raise FoveaError("the port is not a number from 0 to 65535", path=shown) from error
    if url.scheme not in ("mqtt", "mqtts", "http", "https"):
        raise FoveaError(f"is none of {_FORMS}", path=shown)
    if not url.hostname:
        raise FoveaError(f"names no host: write {_FORMS}", path=shown)
    if not is_host(url.hostname):
        raise FoveaError(f"{url.hostname!r} is no valid name of a host", path=shown)
    return url, url.hostname, port


def is_host(name: str) -> bool:
    """Return whether a text has the form of a host name or an IP address, so that it can be looked up.

    Example:
        >>> is_host("camera.local"), is_host("camera..local"), is_host("a" * 64)
        (True, False, False)
    """
    try:
        name.encode("idna")  # as the look-up does, whose errors are no OSError
    except UnicodeError:
        return False
    return True


def is_address(text: str) -> bool:
    """Return whether a text has the form of a URL, and not of a path."""
    return "://" in text


def host_of_url(host: str) -> str:
    """Return a host name or an IP address as it is written in a URL.

    Example:
        >>> host_of_url("::1"), host_of_url("camera.local")
        ('[::1]', 'camera.local')
    """
    return f"[{host}]" if ":" in host else host


def without_account(text: str) -> str:
    """Return an address without user name and password, for messages.

    Example:
        >>> without_account("rtsp://me:p@ss@camera.local/stream")
        'rtsp://camera.local/stream'
    """
    return re.sub(r"^([^/?#]*://)[^/?#]*@", r"\1", text)


def folder_of(text: str) -> Path:
    """Return the folder that a destination names.

    Raises:
        FoveaError: there is a file of that name.
    """
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise FoveaError("is a file: name a folder for the frames, or an address", path=path)
    return path
