"""Receiving a stream: from an MQTT topic, or from an HTTP server that is opened here."""

import asyncio
import base64
import secrets
import threading
from collections.abc import Callable
from typing import Protocol
from urllib.parse import unquote

import paho.mqtt.client as mqtt
from fastapi import FastAPI, HTTPException, Request, Response
from starlette.requests import ClientDisconnect

from fovea.camera.addresses import Account, Address, HttpAddress, MqttAddress
from fovea.camera.brokers import CONNECT_S, connect
from fovea.camera.message import HEADER, KEYFRAME, MAX_MESSAGE_BYTES, Message, Place
from fovea.camera.retrying import Note
from fovea.camera.serving import Server
from fovea.errors import BitstreamError, FoveaError

_UPLOAD_S = 60.0
"""Longest time that a posted message may take to arrive, in seconds."""
_UNFINISHED_BYTES = 4 * MAX_MESSAGE_BYTES
"""Largest memory of all posted messages that have not arrived as a whole, in bytes."""

Receive = Callable[[Message], bool]
"""Function that takes a message and returns whether a whole frame is wanted."""


class Receiver(Protocol):
    """A source of messages."""

    def close(self) -> None:
        """End the connection."""


def open_receiver(address: Address, receive: Receive, note: Note) -> Receiver:
    """Receive the messages of a stream.

    Args:
        address: topic of a broker, or the address at which an HTTP server is opened.
        receive: function that is called with each message, in any thread.
        note: function that takes lines for the user, about the connection and about invalid messages.

    Raises:
        FoveaError: no broker answers, it refuses the connection or the topic, the server cannot be opened, or its
            address asks for TLS.
    """
    if isinstance(address, MqttAddress):
        return MqttReceiver(address, receive, note)
    return HttpReceiver(address, receive, note)


class MqttReceiver:
    """Receives the messages of a topic of an MQTT broker; the arguments are those of :func:`open_receiver`."""

    def __init__(self, address: MqttAddress, receive: Receive, note: Note) -> None:
        self._address, self._receive, self._note, self._closing = address, receive, note, False
        self._answered, self._refusal = threading.Event(), "it does not answer"
        self._client = connect(address, self._connected, self._disconnected, self._subscribed, self._received)
        self._answered.wait(CONNECT_S)
        if self._refusal:
            self.close()
            raise FoveaError(f"the broker refuses the topic: {self._refusal}", path=str(address))

    def close(self) -> None:
        """End the connection to the broker."""
        self._closing = True
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: mqtt.Client) -> None:
        # The broker waits for no confirmations, so that it keeps no old frames for a slow watcher.
        client.subscribe(self._address.topic, qos=0)
        client.publish(self._address.requests)

    def _subscribed(self, refusal: str) -> None:
        if refusal and self._answered.is_set():  # the connection is a later one
            self._note(f"{self._address}: the broker refuses the topic: {refusal}")
        self._refusal = refusal
        self._answered.set()

    def _disconnected(self, reason: str) -> None:
        if not self._closing:
            self._note(f"{self._address}: {reason}")

    def _received(self, client: mqtt.Client, message: mqtt.MQTTMessage) -> None:
        properties = dict(getattr(message.properties, "UserProperty", []))
        try:
            if len(message.payload) > MAX_MESSAGE_BYTES:
                raise BitstreamError(f"a message of {len(message.payload)} bytes is too large")
            whole = self._receive(Message(Place.parse(properties.get(HEADER, "")), bytes(message.payload)))
        except FoveaError as error:
            self._note(f"{self._address}: {error}")
            return
        if whole:
            client.publish(self._address.requests)


class HttpReceiver:
    """Receives the messages that are posted to an HTTP server, which it opens.

    The arguments are those of :func:`open_receiver`.

    Attributes:
        port: port of the server.
    """

    def __init__(self, address: HttpAddress, receive: Receive, note: Note) -> None:
        if address.tls:
            raise FoveaError("is not opened with TLS: let a proxy do that, and give http:// here", path=str(address))
        self._server = Server(_endpoint(address, receive, note), address.host, address.port)
        self.port = self._server.port

    def close(self) -> None:
        """Close the server."""
        self._server.close()


def _endpoint(address: HttpAddress, receive: Receive, note: Note) -> FastAPI:
    app = FastAPI(openapi_url=None)
    order, uploads, path = threading.Lock(), _Uploads(), unquote(address.path)

    def refusal(request: Request) -> Response | None:
        if address.account.username and not _is_authorized(request.headers.get("authorization", ""), address.account):
            return Response(status_code=401, headers={"WWW-Authenticate": "Basic"})
        return None

    @app.options(path)
    def allow(request: Request) -> Response:
        return refusal(request) or Response(status_code=204, headers={"Allow": "POST"})

    @app.post(path)
    async def post(request: Request) -> Response:
        if refused := refusal(request):
            return refused
        data = await uploads.body(request)
        try:
            with order:
                whole = receive(Message(Place.parse(request.headers.get(HEADER, "")), data))
        except FoveaError as error:
            note(f"{address}: {error}")
            return Response(str(error), status_code=400, media_type="text/plain")
        return Response(status_code=204, headers={KEYFRAME: "1"} if whole else None)

    return app


class _Uploads:
    """Receives the bodies of requests, within limits for their time and for the memory of all unfinished ones."""

    def __init__(self) -> None:
        self._unfinished = 0

    async def body(self, request: Request) -> bytes:
        """Return the body of a request.

        Raises:
            HTTPException: the body is too large, takes too long, would take too much memory together with others, or
                the client closed the connection.
        """
        data = bytearray()
        try:
            async with asyncio.timeout(_UPLOAD_S):
                async for chunk in request.stream():
                    data += chunk
                    self._unfinished += len(chunk)
                    if len(data) > MAX_MESSAGE_BYTES:
                        raise HTTPException(413)
                    if self._unfinished > _UNFINISHED_BYTES:
                        raise HTTPException(503, headers={"Connection": "close"})
        except TimeoutError as error:
            raise HTTPException(408, headers={"Connection": "close"}) from error
        except ClientDisconnect as error:  # nobody reads the answer
            raise HTTPException(400) from error
        finally:
            self._unfinished -= len(data)
        return bytes(data)


def _is_authorized(authorization: str, account: Account) -> bool:
    wanted = base64.b64encode(f"{account.username}:{account.password}".encode()).decode()
    return secrets.compare_digest(authorization.encode(), f"Basic {wanted}".encode())
