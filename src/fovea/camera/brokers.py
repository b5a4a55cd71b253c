"""The connection to an MQTT broker."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from fovea.camera import retrying
from fovea.camera.addresses import MqttAddress
from fovea.errors import FoveaError

CONNECT_S = 5.0
"""Longest time that a broker may take to accept a connection or a subscription, in seconds."""


def connect(
    address: MqttAddress,
    connected: Callable[[mqtt.Client], None],
    disconnected: Callable[[str], None],
    subscribed: Callable[[str], None],
    received: Callable[[mqtt.Client, mqtt.MQTTMessage], None],
) -> mqtt.Client:
    """Connect to a broker. The client connects again after each loss, until ``disconnect`` is called.

    Args:
        address: address of the broker.
        connected: function that is called with the client whenever it has connected.
        disconnected: function that is called with the reason whenever the connection is lost.
        subscribed: function that is called when the broker has answered the subscription that ``connected`` made, with
            the reason if the broker refuses it, or else with an empty text.
        received: function that is called with the client and each message of that subscription.

    Returns:
        The client, whose network thread runs.

    Raises:
        FoveaError: no broker answers, or it refuses the connection.
    """
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    if address.account.username:
        client.username_pw_set(address.account.username, address.account.password)
    if address.tls:
        client.tls_set()
    client.reconnect_delay_set(retrying.FIRST_PAUSE_S, retrying.LONGEST_PAUSE_S)
    client.connect_timeout = CONNECT_S
    answered, refusal = threading.Event(), [""]

    def on_connect(client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        refusal[0] = str(reason) if reason.is_failure else ""
        if not reason.is_failure:
            connected(client)
        answered.set()

    def on_subscribe(_client: Any, _data: Any, _number: Any, reasons: Sequence[Any], _properties: Any) -> None:
        subscribed(next((str(reason) for reason in reasons if reason.is_failure), ""))

    client.on_connect, client.on_subscribe = on_connect, on_subscribe
    client.on_disconnect = lambda _client, _data, _flags, reason, _properties: disconnected(str(reason))
    client.on_message = lambda client, _data, message: received(client, message)
    try:
        client.connect(address.host, address.port, keepalive=15, clean_start=True)
    except (OSError, ValueError) as error:
        raise FoveaError(f"no broker answers: {error}", path=str(address)) from error
    client.loop_start()
    if not answered.wait(CONNECT_S) or refusal[0]:
        client.disconnect()
        client.loop_stop()
        raise FoveaError(f"the broker refuses the connection: {refusal[0] or 'no answer'}", path=str(address))
    return client
