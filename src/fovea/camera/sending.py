"""The destinations of a stream: a folder, an HTTP server, or an MQTT broker.

No destination keeps more than one message that has not arrived. A broken connection is opened again after a pause,
which doubles with each failure up to half a minute. In the meantime frames are skipped.
"""

import base64
import http.client
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from fovea.atomic import writing
from fovea.camera.addresses import Address, HttpAddress, MqttAddress, folder_of, is_address, parse_address
from fovea.camera.brokers import connect
from fovea.camera.frames import SystemClock
from fovea.camera.message import HEADER, KEYFRAME, MEDIA_TYPE, Message
from fovea.camera.retrying import ARRIVAL_S, Note, Retry
from fovea.camera.streaming import Destination
from fovea.errors import FoveaError

_LONGEST_ANSWER = 2**16
"""Number of bytes of an HTTP answer that are read."""


def check_destination(text: str) -> None:
    """Check the form of a destination, without opening it.

    Args:
        text: an address of MQTT or HTTP, or a folder.

    Raises:
        FoveaError: the address is not valid, or there is a file in place of the folder.
    """
    if is_address(text):
        parse_address(text)
    else:
        folder_of(text)


def open_destination(text: str, note: Note) -> Destination:
    """Open a destination.

    Args:
        text: an address of MQTT or HTTP, or a folder.
        note: function that takes lines for the user, about the connection.

    Raises:
        FoveaError: the address is not valid, nothing answers there, or it refuses the camera.
    """
    if not is_address(text):
        return FolderDestination(folder_of(text))
    address: Address = parse_address(text)
    if isinstance(address, MqttAddress):
        return MqttDestination(address, note)
    return HttpDestination(address, note)


class FolderDestination:
    """A folder that gets a ``.fov`` file for each frame, named by the number of the frame.

    Args:
        folder: the folder, which is made if it does not exist.
    """

    takes_parts = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ready(self) -> bool:
        """Return True: a folder can always take a message."""
        return True

    def size(self, message: Message) -> int:
        """Return the size of the file in bytes."""
        return len(message.data)

    def send(self, message: Message) -> bool:
        """Write the file, and return True.

        Raises:
            FoveaError: the file cannot be written.
        """
        with writing(self._folder / f"{message.place.frame:08d}.fov") as file:
            file.write(message.data)
        return True

    def wants_whole(self) -> bool:
        """Return False: a folder never asks for a whole frame."""
        return False

    def close(self) -> None:
        """Do nothing."""


class HttpDestination:
    """A server to which each message is posted. Its answer says whether it wants a whole frame.

    Args:
        address: address to which messages are posted.
        note: function that takes lines for the user, about the connection.

    Raises:
        FoveaError: nothing answers at the address, or the server refuses the camera.
    """

    takes_parts = True

    def __init__(self, address: HttpAddress, note: Note) -> None:
        self._address, self._retry = address, Retry(str(address), note, SystemClock())
        kind = http.client.HTTPSConnection if address.tls else http.client.HTTPConnection
        self._connection = kind(address.host, address.port, timeout=ARRIVAL_S)
        self._whole = False
        try:
            answer = self._ask("OPTIONS", self._headers())
        except (OSError, http.client.HTTPException) as error:
            raise FoveaError(f"nothing answers: {_cause(error)}; start the watcher first", path=str(address)) from error
        if not 200 <= answer.status < 300:
            reason = f"answers {answer.status} {answer.reason}: check path, user name and password"
            raise FoveaError(reason, path=str(address))

    def ready(self) -> bool:
        """Return whether the pause after a failure is over."""
        return self._retry.ready()

    def size(self, message: Message) -> int:
        """Return the size of the request in bytes."""
        headers = {"Host": f"{self._address.host}:{self._address.port}"} | self._headers_of(message)
        lines = [f"POST {self._address.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), ""]
        return sum(len(line) + 2 for line in lines) + len(message.data)

    def send(self, message: Message) -> bool:
        """Post a message, and return whether the server has accepted it."""
        try:
            answer = self._ask("POST", self._headers_of(message), message.data)
        except (OSError, http.client.HTTPException) as error:
            return self._fail(_cause(error))
        if not 200 <= answer.status < 300:
            return self._fail(f"it answers {answer.status} {answer.reason}")
        self._retry.succeed()
        self._whole |= answer.getheader(KEYFRAME) is not None
        return True

    def wants_whole(self) -> bool:
        """Return whether an answer asked for a whole frame."""
        whole, self._whole = self._whole, False
        return whole

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _headers(self) -> dict[str, str]:
        account = self._address.account
        if not account.username:
            return {}
        token = base64.b64encode(f"{account.username}:{account.password}".encode()).decode()
        return {"Authorization": f"Basic {token}"}

    def _headers_of(self, message: Message) -> dict[str, str]:
        # There are no other headers: on a slow link, each byte of a header is one byte less for the picture.
        own = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(message.data)), HEADER: message.place.line()}
        return own | self._headers()

    def _ask(self, method: str, headers: Mapping[str, str], body: bytes = b"") -> http.client.HTTPResponse:
        """Send a request, and return the answer after its content is read. A failure closes the connection."""
        reused = self._connection.sock is not None
        try:
            return self._ask_once(method, headers, body)
        except OSError as error:
            # Servers and routers close a connection on which nothing was sent for a while.
            if not reused or isinstance(error, TimeoutError):
                raise
            return self._ask_once(method, headers, body)

    def _ask_once(self, method: str, headers: Mapping[str, str], body: bytes) -> http.client.HTTPResponse:
        try:
            self._connection.putrequest(method, self._address.path, skip_accept_encoding=True)
            for name, value in headers.items():
                self._connection.putheader(name, value)
            self._connection.endheaders(body)
            answer = self._connection.getresponse()
            answer.read(_LONGEST_ANSWER)
            if not answer.isclosed():
                self._connection.close()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        return answer

    def _fail(self, reason: str) -> bool:
        self._retry.fail(reason)
        self._whole = False
        return False


class MqttDestination:
    """A topic of an MQTT 5 broker.

    Messages have quality of service 1: the broker confirms each. Otherwise the buffers of the system would hold seconds
    of frames on a slow link, and each frame would arrive late. Messages are not retained, so that no picture stays at
    the broker. A new watcher asks for a whole frame instead.

    Args:
        address: broker and topic.
        note: function that takes lines for the user, about the connection.

    Raises:
        FoveaError: no broker answers, or it refuses the camera.
    """

    takes_parts = True

    def __init__(self, address: MqttAddress, note: Note) -> None:
        self._address, self._note = address, note
        self._whole, self._closing, self._lost = threading.Event(), False, False
        self._retry = Retry(str(address), note, SystemClock())
        self._refusal = 0, ""  # number of the last message that the broker has refused, and its reason
        self._client = connect(address, self._connected, self._disconnected, self._subscribed, self._asked)
        self._client.on_publish = self._answered

    def ready(self) -> bool:
        """Return whether the broker is connected, and the pause after a refusal is over."""
        return self._client.is_connected() and self._retry.ready()

    def size(self, message: Message) -> int:
        """Return the size of the packet in bytes."""
        user_property = 1 + 2 + len(HEADER) + 2 + len(message.place.line())
        topic, packet_id = 2 + len(self._address.topic.encode()), 2
        body = topic + packet_id + _length(user_property) + user_property + len(message.data)
        return 1 + _length(body) + body

    def send(self, message: Message) -> bool:
        """Publish a message, and return whether the broker has accepted it."""
        self._refusal = 0, ""  # the numbers of messages repeat
        info = self._client.publish(self._address.topic, message.data, qos=1, properties=_properties(message))
        deadline = ARRIVAL_S
        while info.rc == mqtt.MQTT_ERR_SUCCESS and not info.is_published() and deadline > 0:
            if not self._client.is_connected():
                break
            info.wait_for_publish(0.05)
            deadline -= 0.05
        if info.rc != mqtt.MQTT_ERR_SUCCESS or not info.is_published():
            self._drop()
            return False
        number, reason = self._refusal
        if number == info.mid:
            self._retry.fail(f"the broker refuses the messages: {reason}")
            return False
        self._retry.succeed()
        return True

    def wants_whole(self) -> bool:
        """Return whether a watcher asked for a whole frame, or the connection is new."""
        whole = self._whole.is_set()
        self._whole.clear()
        return whole

    def close(self) -> None:
        """End the connection to the broker."""
        self._closing = True
        self._client.disconnect()
        self._client.loop_stop()

    def _drop(self) -> None:
        """Drop the message that has not arrived. The client would send it later, when it is old."""
        self._client.drop_out_messages()
        connection = self._client.socket()
        if isinstance(connection, socket.socket) and self._client.is_connected():
            self._disconnected("a message is not confirmed in time")
            with suppress(OSError):  # the broker may close it at the same time
                connection.shutdown(socket.SHUT_RDWR)  # the rest of the message is not sent; the client connects again

    def _answered(self, _client: Any, _data: Any, number: int, reason: Any, _properties: Any) -> None:
        # A broker also confirms the messages that it does not pass on, for example because the account may not publish.
        if reason.is_failure:
            self._refusal = number, str(reason)

    def _connected(self, client: mqtt.Client) -> None:
        client.subscribe(self._address.requests, qos=0)
        self._whole.set()
        if self._lost:
            self._note(f"{self._address} is connected again")
        self._lost = False

    def _disconnected(self, reason: str) -> None:
        if not self._closing and not self._lost:
            self._note(f"{self._address}: {reason}; frames are skipped until it is connected again")
            self._lost = True

    def _subscribed(self, refusal: str) -> None:
        if refusal:
            self._note(f"{self._address}: the broker refuses to pass on that watchers ask for whole frames: {refusal}")

    def _asked(self, _client: mqtt.Client, _message: mqtt.MQTTMessage) -> None:
        self._whole.set()


def _length(size: int) -> int:
    """Return the number of bytes in which a packet stores a size, with seven bits in each."""
    return max(1, -(-size.bit_length() // 7))


def _properties(message: Message) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has no types here
    properties.UserProperty = [(HEADER, message.place.line())]
    return properties


def _cause(error: Exception) -> str:
    """Return the reason of a failed request in a few words."""
    if isinstance(error, TimeoutError):
        return "it takes too long"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
