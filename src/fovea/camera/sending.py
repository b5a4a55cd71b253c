"""The places that a stream is sent to: a folder, an HTTP server, or an MQTT broker.

None of them keeps more than one message that has not arrived. A broken connection is opened again after a pause, which
doubles from one failure to the next up to half a minute. In the meantime frames are passed over, and the camera goes on.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import requests
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from fovea.atomic import writing
from fovea.camera.addresses import Address, HttpAddress, MqttAddress, folder_of, is_address, parse_address
from fovea.camera.frames import Clock, SystemClock
from fovea.camera.message import HEADER, KEYFRAME, MEDIA_TYPE, Message
from fovea.camera.streaming import Destination
from fovea.errors import FoveaError

ARRIVAL_S = 10.0
"""Seconds after which a message counts as lost."""
_CONNECT_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1, 30

Note = Callable[[str], None]
"""Takes a line for the user, such as that the connection is broken."""


def open_destination(text: str, note: Note) -> Destination:
    """Open the place that a stream is sent to.

    Args:
        text: an address of MQTT or HTTP, or a folder.
        note: takes lines about the connection.

    Raises:
        FoveaError: the address is wrong, or nothing answers there.
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
        folder: the folder; it is made where it is missing.
    """

    takes_parts = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ready(self) -> bool:
        """Return that it is."""
        return True

    def size(self, message: Message) -> int:
        """Return the bytes of the file."""
        return len(message.data)

    def send(self, message: Message) -> bool:
        """Write the file.

        Raises:
            FoveaError: it cannot be written.
        """
        with writing(self._folder / f"{message.place.frame:08d}.fov") as file:
            file.write(message.data)
        return True

    def wants_whole(self) -> bool:
        """Return that nobody asks."""
        return False

    def close(self) -> None:
        """Do nothing."""


class HttpDestination:
    """A server to which each message is posted. Its answer says whether it wants a whole frame.

    Args:
        address: where to post.
        note: takes lines about the connection.
        clock: the time.

    Raises:
        FoveaError: nothing answers there.
    """

    takes_parts = True

    def __init__(self, address: HttpAddress, note: Note, clock: Clock | None = None) -> None:
        self._address, self._note, self._clock = address, note, clock or SystemClock()
        self._session = requests.Session()
        self._session.trust_env = False  # a camera posts to a server that it names, and never through a proxy
        # Only what HTTP needs: on a slow link each byte of a header is one less for the picture.
        self._session.headers.clear()
        self._session.headers.update({"Content-Type": MEDIA_TYPE})
        if address.account.username:
            self._session.auth = (address.account.username, address.account.password)
        self._whole, self._pause, self._next, self._broken = False, 0.0, 0.0, False
        self._first()

    def ready(self) -> bool:
        """Return whether the pause after a failure is over."""
        return self._clock.now() >= self._next

    def size(self, message: Message) -> int:
        """Return the bytes of the request."""
        request = self._prepared(message)
        headers = sum(len(f"{name}: {value}\r\n".encode()) for name, value in request.headers.items())
        host = len(f"Host: {self._address.host}:{self._address.port}\r\n")
        line = len(f"POST {self._address.path} HTTP/1.1\r\n\r\n")
        return line + host + headers + len(message.data)

    def send(self, message: Message) -> bool:
        """Post a message."""
        try:
            answer = self._session.send(self._prepared(message), timeout=ARRIVAL_S, allow_redirects=False)
        except requests.RequestException as error:
            return self._fail(_cause(error))
        if not answer.ok or answer.is_redirect:
            return self._fail(f"answered {answer.status_code}")
        if self._broken:
            self._note(f"{self._address} answers again")
        self._pause, self._broken = 0.0, False
        self._whole |= KEYFRAME in answer.headers
        return True

    def wants_whole(self) -> bool:
        """Return whether an answer asked for a whole frame."""
        whole, self._whole = self._whole, False
        return whole

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _prepared(self, message: Message) -> requests.PreparedRequest:
        headers = {HEADER: message.place.line()}
        return self._session.prepare_request(
            requests.Request("POST", str(self._address), headers=headers, data=message.data)
        )

    def _first(self) -> None:
        """Ask once whether something takes messages there."""
        try:
            answer = self._session.options(str(self._address), timeout=_CONNECT_S, allow_redirects=False)
        except requests.RequestException as error:
            raise FoveaError(f"{_cause(error)}: start the watcher first", path=str(self._address)) from error
        if answer.status_code in (401, 403, 404):
            raise FoveaError(
                f"answered {answer.status_code}: check path, user name and password", path=str(self._address)
            )

    def _fail(self, reason: str) -> bool:
        self._pause = min(max(_FIRST_PAUSE_S, 2 * self._pause), _LONGEST_PAUSE_S)
        self._next = self._clock.now() + self._pause
        if not self._broken:
            self._note(f"{self._address}: {reason}; frames are passed over until it works again")
        self._broken = self._whole = True
        return False


class MqttDestination:
    """A topic of an MQTT 5 broker.

    Messages have quality of service 1: the broker confirms each. Without that, a slow link would hide seconds of frames
    in the buffers of the system, and each would arrive old. They are not retained, so that no picture stays at the
    broker; a new watcher asks for a whole frame instead.

    Args:
        address: broker and topic.
        note: takes lines about the connection.

    Raises:
        FoveaError: no broker answers there, or it refuses the camera.
    """

    takes_parts = True

    def __init__(self, address: MqttAddress, note: Note) -> None:
        self._address, self._note = address, note
        self._whole, self._closing, self._lost = threading.Event(), False, False
        self._client = connect(address, self._connected, self._disconnected, self._asked)

    def ready(self) -> bool:
        """Return whether the broker is connected."""
        return self._client.is_connected()

    def size(self, message: Message) -> int:
        """Return the bytes of the packet."""
        properties = len(_properties(message).pack())
        body = 2 + len(self._address.topic.encode()) + 2 + properties + len(message.data)
        return 1 + (body.bit_length() + 6) // 7 + body

    def send(self, message: Message) -> bool:
        """Publish a message, and wait until the broker has it."""
        info = self._client.publish(self._address.topic, message.data, qos=1, properties=_properties(message))
        deadline = ARRIVAL_S
        while info.rc == mqtt.MQTT_ERR_SUCCESS and not info.is_published() and deadline > 0:
            if not self._client.is_connected():
                return False
            info.wait_for_publish(0.05)
            deadline -= 0.05
        return info.rc == mqtt.MQTT_ERR_SUCCESS and info.is_published()

    def wants_whole(self) -> bool:
        """Return whether a watcher asked for a whole frame, or the connection is new."""
        whole = self._whole.is_set()
        self._whole.clear()
        return whole

    def close(self) -> None:
        """Take leave of the broker."""
        self._closing = True
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: mqtt.Client) -> None:
        client.subscribe(self._address.requests, qos=0)
        self._whole.set()
        if self._lost:
            self._note(f"{self._address} is connected again")
        self._lost = False

    def _disconnected(self, reason: str) -> None:
        if not self._closing and not self._lost:
            self._note(f"{self._address}: {reason}; frames are passed over until it is connected again")
            self._lost = True

    def _asked(self, _message: mqtt.MQTTMessage) -> None:
        self._whole.set()


def connect(
    address: MqttAddress,
    connected: Callable[[mqtt.Client], None],
    disconnected: Callable[[str], None],
    received: Callable[[mqtt.MQTTMessage], None],
) -> mqtt.Client:
    """Connect with a broker, and stay connected until ``disconnect`` is called.

    Args:
        address: the broker.
        connected: called after each connection.
        disconnected: called with the reason after each loss.
        received: called with each message of a topic that ``connected`` subscribes to.

    Raises:
        FoveaError: no broker answers, or it refuses the connection.
    """
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    if address.account.username:
        client.username_pw_set(address.account.username, address.account.password)
    if address.tls:
        client.tls_set()
    client.reconnect_delay_set(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
    client.connect_timeout = _CONNECT_S
    answered, refusal = threading.Event(), [""]

    def on_connect(client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        refusal[0] = str(reason) if reason.is_failure else ""
        if not reason.is_failure:
            connected(client)
        answered.set()

    client.on_connect = on_connect
    client.on_disconnect = lambda _client, _data, _flags, reason, _properties: disconnected(str(reason))
    client.on_message = lambda _client, _data, message: received(message)
    try:
        client.connect(address.host, address.port, keepalive=15, clean_start=True)
    except (OSError, ValueError) as error:
        raise FoveaError(f"no broker answers: {error}", path=str(address)) from error
    client.loop_start()
    if not answered.wait(_CONNECT_S) or refusal[0]:
        client.disconnect()
        client.loop_stop()
        raise FoveaError(f"the broker refuses the connection: {refusal[0] or 'no answer'}", path=str(address))
    return client


def _properties(message: Message) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)
    properties.UserProperty = [(HEADER, message.place.line())]
    return properties


def _cause(error: Exception) -> str:
    """Return the reason of a failed request in a few words."""
    return "the connection took too long" if isinstance(error, requests.Timeout) else "nothing answers"
