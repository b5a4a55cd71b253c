"""What the tests of the camera share: a clock that needs no waiting, a video, a broker."""

import shutil
import signal
import socket
import subprocess
import time

import numpy as np
import pytest

av = pytest.importorskip("av")
pytest.importorskip("paho.mqtt")
pytest.importorskip("fastapi")

WIDTH, HEIGHT, FRAMES, FPS = 160, 120, 30, 15
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


class VirtualClock:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.time = 0.0

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


class Recorder:
    """A destination that keeps what it gets, with the time."""

    def __init__(self, clock, takes_parts=True, overhead=100):
        self.clock, self.takes_parts, self.overhead = clock, takes_parts, overhead
        self.messages, self.log = [], []
        self.up, self.asked, self.closed = True, False, False

    def ready(self):
        return self.up

    def size(self, message):
        return len(message.data) + self.overhead

    def send(self, message):
        if self.up:
            self.messages.append(message)
            self.log.append((self.clock.now(), self.size(message)))
        return self.up

    def wants_whole(self):
        asked, self.asked = self.asked, False
        return asked

    def close(self):
        self.closed = True


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def recorder(clock):
    return Recorder(clock)


def ground():
    """A textured picture: uint8 [HEIGHT, WIDTH, 3]."""
    cells = np.random.default_rng(4).integers(60, 180, (HEIGHT // 8, WIDTH // 8, 3))
    return np.kron(cells, np.ones((8, 8, 1))).astype(np.uint8)


def scene(number):
    """A square that moves over the ground within the upper left quarter."""
    pixels = ground()
    left = 4 + number % 20
    pixels[10:34, left : left + 24] = (250, 30, 30)
    return pixels


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    """A file of two seconds in which a square moves."""
    path = tmp_path_factory.mktemp("video") / "square.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 2_000_000
        for number in range(FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(scene(number), format="rgb24")))
        container.mux(stream.encode())
    return path


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def eventually(condition, seconds=20):
    """Wait until a condition holds, and return whether it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


class Broker:
    """A mosquitto on a free port of this machine."""

    def __init__(self, folder, lines=("allow_anonymous true",)):
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text("\n".join([f"listener {self.port} 127.0.0.1", *lines]) + "\n")
        self._process = None
        self.start()

    def address(self, topic="yard", account=""):
        return f"mqtt://{account}127.0.0.1:{self.port}/{topic}"

    def start(self):
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert eventually(self._answers)

    def reload(self):
        """Let the broker read its rules again."""
        self._process.send_signal(signal.SIGHUP)

    def stop(self):
        self._process.terminate()
        self._process.wait(10)

    def _answers(self):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0


def start_broker(folder, lines=("allow_anonymous true",)):
    if MOSQUITTO is None:
        pytest.skip("needs mosquitto")
    return Broker(folder, lines)


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    running = start_broker(tmp_path_factory.mktemp("broker"))
    yield running
    running.stop()
