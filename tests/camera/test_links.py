"""Both ends together, over a broker and over HTTP on this machine."""

import getpass
import json
import re
import shutil
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from fovea import Codec, encode
from fovea.camera import (
    Frame,
    Message,
    Place,
    RateController,
    Streamer,
    SystemClock,
    Watcher,
    encoder_of,
    offer_frames,
    open_destination,
    open_receiver,
    parse_address,
)
from fovea.camera.message import MAX_MESSAGE_BYTES
from fovea.errors import FoveaError

from .conftest import FPS, FRAMES, HEIGHT, WIDTH, eventually, free_port, ground, scene, start_broker

SECURITY = next(Path("/usr").glob("lib*/*/mosquitto_dynamic_security.so"), None)
"""The plugin of mosquitto that can refuse subscriptions; None if it is not installed."""


@pytest.fixture(scope="module")
def codec():
    codec = Codec(threads=1)
    codec.decode(codec.encode(ground(), 30))  # opens the networks
    return codec


class End:
    """A watcher and what it shows."""

    def __init__(self, codec, address, recognizer=None):
        self.pictures, self.notes = [], []
        self._watcher = Watcher(codec, self.pictures.append, recognizer, self.notes.append)
        self.receiver = open_receiver(parse_address(address), self._watcher.receive, self.notes.append)

    @property
    def newest(self):
        return self.pictures[-1] if self.pictures else None

    def shows(self, pixels):
        return eventually(lambda: self.newest and _close(self.newest.pixels, pixels))

    def close(self):
        self.receiver.close()
        self._watcher.close()


def _close(pixels, others):
    return pixels.shape == others.shape and np.abs(pixels.astype(int) - others).mean() < 12


@pytest.fixture
def watching(codec):
    ends = []

    def start(address, recognizer=None):
        ends.append(End(codec, address, recognizer))
        return ends[-1]

    yield start
    for end in ends:
        end.close()


@pytest.fixture
def sending(codec):
    opened = []

    def start(address, notes, clock=None):
        opened.append(open_destination(address, notes.append))
        return Streamer(encoder_of(codec), opened[-1], RateController(500, 10), clock or SystemClock(), tile_size=64)

    yield start
    for destination in opened:
        destination.close()


def _http():
    return f"http://127.0.0.1:{free_port()}/camera"


class Film:
    """A camera that sees the scene of the moment, for two seconds."""

    def __init__(self, clock):
        self._clock = clock

    @property
    def finished(self):
        return self._clock.now() * FPS >= FRAMES

    def take(self, timeout):
        number = round(self._clock.now() * FPS)
        return Frame(number, self._clock.now(), scene(number))


@pytest.mark.parametrize("kind", ["mqtt", "http"])
def test_a_video_arrives(kind, request, watching, sending, clock):
    address = _http() if kind == "http" else request.getfixturevalue("broker").address(kind)
    end = watching(address)
    streamer = sending(address, [], clock)
    offer_frames(Film(clock), streamer, 10, clock)
    assert streamer.counts.sent and not streamer.counts.lost
    assert streamer.counts.pixels < 0.8 * streamer.counts.sent * WIDTH * HEIGHT
    assert end.shows(scene(FRAMES - 1))
    assert end.newest.whole and end.newest.done >= end.newest.taken
    assert end.newest.kbps > 0 and end.newest.fps > 0
    assert end.notes == []


def test_a_broker_that_comes_back_gets_a_whole_frame(tmp_path, watching, sending):
    broker = start_broker(tmp_path)
    try:
        notes = []
        end = watching(broker.address())
        streamer = sending(broker.address(), notes)
        assert streamer.offer(Frame(0, 0.0, scene(0)))
        assert end.shows(scene(0))
        broker.stop()
        assert eventually(lambda: len(notes) == 1)
        before = streamer.counts.lost
        assert not streamer.offer(Frame(1, 0.1, scene(5)))
        assert streamer.counts.lost == before + 1
        broker.start()
        assert eventually(lambda: len(notes) == 2)
        assert "connected again" in notes[1]
        # The watcher may be back later than the camera, and asks for a whole frame then.
        frames = iter(range(2, 10_000))
        assert eventually(
            lambda: streamer.offer(Frame(next(frames), 0.2, scene(15))) and _close(end.newest.pixels, scene(15))
        )
        assert end.newest.whole
    finally:
        broker.stop()


class Unconfirming:
    """A broker that does not confirm the first message that is published, and closes its connection or leaves it open.

    Attributes:
        published: number of the connection, and the line of each message.
    """

    def __init__(self, closes):
        self._closes, self._connections, self.published = closes, 0, []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"mqtt://127.0.0.1:{self._listener.getsockname()[1]}/yard"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections += 1
                threading.Thread(target=self._serve, args=(connection, self._connections), daemon=True).start()

    def _serve(self, connection, number):
        with suppress(OSError), connection, connection.makefile("rb") as stream:
            while head := stream.read(1):
                size = shift = 0
                while (byte := stream.read(1)[0]) & 128:
                    size, shift = size | (byte & 127) << shift, shift + 7
                body = stream.read(size | byte << shift)
                kind = head[0] >> 4
                if kind == 1:  # CONNECT
                    connection.sendall(b"\x20\x03\x00\x00\x00")
                elif kind == 8:  # SUBSCRIBE
                    connection.sendall(b"\x90\x04" + body[:2] + b"\x00\x00")
                elif kind == 3:  # PUBLISH
                    self.published.append((number, re.search(rb"n=\d+", body)[0]))
                    after = 2 + int.from_bytes(body[:2])
                    if len(self.published) > 1:
                        connection.sendall(b"\x40\x02" + body[after : after + 2])
                    elif self._closes:
                        return


@pytest.mark.parametrize("closes", [True, False])
def test_a_message_that_is_not_confirmed_is_not_sent_later(closes, monkeypatch):
    monkeypatch.setattr("fovea.camera.sending.ARRIVAL_S", 0.2)
    monkeypatch.setattr("fovea.camera.retrying.FIRST_PAUSE_S", 0.1)
    broker, notes = Unconfirming(closes), []
    destination = open_destination(broker.address, notes.append)
    messages = [Message(Place("ab", n, n, 1.0, WIDTH, HEIGHT, 0, 0, 0, 1), encode(ground(), 10)) for n in range(2)]
    assert not destination.send(messages[0])
    assert eventually(lambda: len(notes) == 2)
    assert "connected again" in notes[1]
    assert destination.send(messages[1])
    destination.close()
    broker.close()
    assert broker.published == [(1, b"n=0"), (2, b"n=1")]


def test_a_server_that_comes_back_gets_a_whole_frame(watching, sending, monkeypatch):
    monkeypatch.setattr("fovea.camera.retrying.FIRST_PAUSE_S", 0.1)
    address, notes = _http(), []
    first = watching(address)
    streamer = sending(address, notes)
    assert streamer.offer(Frame(0, 0.0, scene(0)))
    first.close()
    assert not streamer.offer(Frame(1, 0.1, scene(3)))
    assert len(notes) == 1
    second = watching(address)
    assert eventually(lambda: streamer.offer(Frame(2, 0.2, scene(6))))
    assert second.shows(scene(6))
    assert second.newest.whole
    assert "works again" in notes[1]


@pytest.mark.parametrize("kind", ["mqtt", "http"])
def test_a_watcher_that_comes_late_sees_a_whole_picture(kind, request, watching, sending):
    address = _http() if kind == "http" else request.getfixturevalue("broker").address("late")
    first = watching(address)
    streamer = sending(address, [])
    assert streamer.offer(Frame(0, 0.0, scene(0)))
    if kind == "http":
        first.close()
    late = watching(address)
    frames = iter(range(1, 10_000))
    # The first message asks for the rest.
    assert eventually(
        lambda: streamer.offer(Frame(n := next(frames), 0.1, scene(n))) and late.newest and late.newest.whole
    )


def test_sizes_are_those_on_the_link(watching, sending, broker):
    """Of MQTT, by the packets that the client counts."""
    message = Message(Place("ab", 0, 0, 1.0, WIDTH, HEIGHT, 0, 0, 0, 1), encode(ground(), 10))
    destination = open_destination(broker.address("sizes"), print)
    sent = []
    written = destination._client._sock_send
    destination._client._sock_send = lambda data: (sent.append(written(data)), sent[-1])[1]
    assert destination.send(message)
    destination.close()
    assert destination.size(message) in sent


def test_requests_have_the_size_that_is_told(codec):
    """Of HTTP, by a server that counts."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    heard = []

    def serve():
        connection, _ = listener.accept()
        for _ in range(2):
            got = b""
            while b"\r\n\r\n" not in got or len(got) < wanted[len(heard)]:
                got += connection.recv(65536)
            heard.append(len(got))
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    wanted = [0, 0]
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    destination = open_destination(f"http://me:secret@127.0.0.1:{port}/camera", print)
    message = Message(Place("ab", 0, 0, 1.0, WIDTH, HEIGHT, 0, 0, 0, 1), encode(ground(), 10))
    wanted[1] = destination.size(message)
    assert destination.send(message)
    thread.join(5)
    destination.close()
    listener.close()
    assert heard[1] == destination.size(message)


def test_a_connection_that_the_server_has_closed_loses_no_message():
    listener = socket.create_server(("127.0.0.1", 0))
    methods, notes = [], []

    def serve():
        while len(methods) < 3:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as lines:
                methods.append(lines.readline().split()[0])
                length = 0
                while (line := lines.readline().strip().lower()) != b"":
                    if line.startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                lines.read(length)
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    destination = open_destination(f"http://127.0.0.1:{listener.getsockname()[1]}/camera", notes.append)
    message = Message(Place("ab", 0, 0, 1.0, WIDTH, HEIGHT, 0, 0, 0, 1), encode(ground(), 10))
    assert destination.send(message) and destination.send(message)
    thread.join(5)
    destination.close()
    listener.close()
    assert methods == [b"OPTIONS", b"POST", b"POST"]
    assert not notes


def test_a_connection_stays_open_between_rare_frames(watching):
    end = watching(_http())
    assert end.receiver._server._server.config.timeout_keep_alive > 60


def test_messages_that_the_broker_refuses_are_lost_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr("fovea.camera.retrying.FIRST_PAUSE_S", 0.1)
    rules = tmp_path / "rules"
    broker, notes = start_broker(tmp_path, _with_rules(rules, "topic read yard")), []
    destination = open_destination(broker.address(), notes.append)
    message = Message(Place("ab", 0, 0, 1.0, WIDTH, HEIGHT, 0, 0, 0, 1), encode(ground(), 10))
    try:
        assert not destination.send(message)
        assert not destination.ready()
        assert eventually(destination.ready)
        assert not destination.send(message)
        assert notes == [
            f"{broker.address()}: the broker refuses the messages: Not authorized;"
            " frames are skipped until it works again"
        ]
        _with_rules(rules, "topic readwrite yard")
        broker.reload()
        assert eventually(lambda: destination.send(message))
        assert notes[1:] == [f"{broker.address()} works again"]
    finally:
        destination.close()
        broker.stop()


def _with_rules(path, *rules):
    """Lines of the configuration of a broker that lets everybody do what the rules say."""
    path.write_text("\n".join(rules) + "\n")
    path.chmod(0o644)
    return ["allow_anonymous true", f"user {getpass.getuser()}", f"acl_file {path}"]


def test_a_topic_that_the_broker_refuses_is_told(tmp_path, watching):
    broker, notes = start_broker(tmp_path, _without_subscriptions(tmp_path)), []
    try:
        with pytest.raises(FoveaError, match="the broker refuses the topic: Not authorized"):
            watching(broker.address())
        destination = open_destination(broker.address(), notes.append)
        assert eventually(lambda: notes)
        assert notes[0].endswith("ask for whole frames: Not authorized")
        assert destination.send(Message(Place("ab", 0, 0, 1.0, WIDTH, HEIGHT, 0, 0, 0, 1), encode(ground(), 10)))
        destination.close()
    finally:
        broker.stop()


def test_a_topic_that_the_broker_refuses_later_is_told(watching, broker):
    end = watching(broker.address())
    end.receiver._subscribed("Not authorized")
    assert end.notes == [f"{broker.address()}: the broker refuses the topic: Not authorized"]


def _without_subscriptions(folder):
    """Lines of the configuration of a broker that lets everybody publish, and nobody subscribe."""
    if SECURITY is None:
        pytest.skip("needs the plugin of mosquitto for dynamic security")
    allowed = {"publishClientSend": True, "publishClientReceive": True, "subscribe": False, "unsubscribe": True}
    everybody = {"groups": [{"groupname": "all", "roles": []}], "anonymousGroup": "all", "clients": [], "roles": []}
    path = folder / "security.json"
    path.write_text(json.dumps({"defaultACLAccess": allowed} | everybody))
    path.chmod(0o644)
    user = f"user {getpass.getuser()}"
    return ["allow_anonymous true", user, f"plugin {SECURITY}", f"plugin_opt_config_file {path}"]


@pytest.mark.parametrize("kind", ["mqtt", "http"])
def test_an_account_is_needed_where_one_is_set(kind, tmp_path, watching):
    notes = []
    if kind == "mqtt":
        broker = start_broker(tmp_path, _with_passwords(tmp_path))
        good, bad = broker.address(account="me:secret@"), broker.address(account="me:wrong@")
    else:
        broker, good = None, f"http://me:secret@127.0.0.1:{free_port()}/camera"
        watching(good)
        bad = good.replace("secret", "wrong")
    try:
        open_destination(good, notes.append).close()
        with pytest.raises(FoveaError, match=r"refuses|401") as caught:
            open_destination(bad, notes.append)
        assert "wrong" not in str(caught.value)
    finally:
        if broker:
            broker.stop()


def _with_passwords(folder):
    """Lines of the configuration of a broker that knows one user."""
    program = shutil.which("mosquitto_passwd")
    if program is None:
        pytest.skip("needs mosquitto_passwd")
    path = folder / "passwords"
    subprocess.run([program, "-c", "-b", str(path), "me", "secret"], check=True, capture_output=True)
    path.chmod(0o644)
    return ["allow_anonymous false", f"user {getpass.getuser()}", f"password_file {path}"]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("mqtt://127.0.0.1:{port}/yard", "no broker answers"),
        ("http://127.0.0.1:{port}/yard", "start the watcher first"),
    ],
)
def test_nobody_there_is_told_at_once(address, reason):
    with pytest.raises(FoveaError, match=reason):
        open_destination(address.format(port=free_port()), print)


def test_a_path_that_is_wrong_is_told(watching):
    address = _http()
    watching(address)
    with pytest.raises(FoveaError, match="404"):
        open_destination(address + "/other", print)


def test_a_path_may_have_any_letters(watching):
    for path in ("my%20yard", "y%C3%A4rd", "yärd"):
        address = f"http://127.0.0.1:{free_port()}/{path}"
        watching(address)
        open_destination(address, print).close()


def test_a_port_that_is_taken_is_told(watching):
    address = _http()
    watching(address)
    with pytest.raises(FoveaError, match="cannot be opened"):
        watching(address)


def test_no_server_is_opened_with_tls(watching):
    with pytest.raises(FoveaError, match="TLS"):
        watching("https://127.0.0.1/camera")


@pytest.mark.parametrize("kind", ["mqtt", "http"])
def test_messages_that_are_wrong_are_told_and_passed_over(kind, request, watching, sending):
    address = _http() if kind == "http" else request.getfixturevalue("broker").address("wrong")
    end = watching(address)
    destination = open_destination(address, print)
    place = Place("ab", 0, 0, 1.0, WIDTH, HEIGHT, 0, 0, 0, 1)
    good = encode(ground(), 60)
    destination.send(Message(place, b"no picture"))
    assert eventually(lambda: len(end.notes) == 1)
    if kind == "http":
        destination._retry.due = 0.0
    destination.send(Message(place, good))
    assert end.shows(ground())
    destination.close()


def test_a_message_that_is_too_large_is_refused(watching):
    address, notes = _http(), []
    watching(address)
    destination = open_destination(address, notes.append)
    place = Place("ab", 0, 0, 1.0, WIDTH, HEIGHT, 0, 0, 0, 1)
    assert not destination.send(Message(place, bytes(MAX_MESSAGE_BYTES + 1)))
    assert notes
    destination.close()


def begun_post(address, size):
    """Return a connection on which a message was begun, but not ended."""
    connection = socket.create_connection((address.host, address.port))
    connection.settimeout(20)
    head = f"POST {address.path} HTTP/1.1\r\nHost: {address.host}\r\nContent-Length: {MAX_MESSAGE_BYTES}\r\n\r\n"
    connection.sendall(head.encode() + bytes(size))
    return connection


def test_a_client_that_leaves_within_a_message_is_no_error(watching, sending, caplog):
    address = _http()
    end = watching(address)
    begun_post(parse_address(address), 1000).close()
    destination = open_destination(address, print)
    destination.send(Message(Place("ab", 0, 0, 1.0, WIDTH, HEIGHT, 0, 0, 0, 1), encode(ground(), 60)))
    assert end.shows(ground())
    assert not end.notes and not caplog.records
    destination.close()


def test_a_message_that_takes_too_long_is_refused(watching, monkeypatch):
    monkeypatch.setattr("fovea.camera.receiving._UPLOAD_S", 0.1)
    address = _http()
    watching(address)
    with begun_post(parse_address(address), 1000) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")


def test_unfinished_messages_take_little_memory(watching, monkeypatch):
    monkeypatch.setattr("fovea.camera.receiving._UNFINISHED_BYTES", 10_000)
    address = _http()
    end = watching(address)
    with begun_post(parse_address(address), 5000), begun_post(parse_address(address), 5001) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 503 ")
    place, data = Place("ab", 0, 0, 1.0, WIDTH, HEIGHT, 0, 0, 0, 1), encode(ground(), 60)
    assert len(data) < 10_000
    destination = open_destination(address, print)
    assert destination.send(Message(place, data))  # the memory of the others is free again
    assert end.shows(ground())
    destination.close()


def test_a_folder_gets_a_file_for_each_frame(tmp_path, codec):
    destination = open_destination(str(tmp_path / "new"), print)
    streamer = Streamer(encoder_of(codec), destination, RateController(500, 10), SystemClock())
    for number in (0, 3):
        streamer.offer(Frame(number, 0.0, scene(number)))
    destination.close()
    files = sorted((tmp_path / "new").iterdir())
    assert [file.name for file in files] == ["00000000.fov", "00000003.fov"]
    assert _close(codec.decode(files[1].read_bytes()), scene(3))
