"""``fovea stream`` and ``fovea watch``."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from fovea import decode
from fovea.cli.interruption import Interruption

av = pytest.importorskip("av")
pytest.importorskip("paho.mqtt")
pytest.importorskip("fastapi")
requests = pytest.importorskip("requests")
from fovea.camera import LOCAL_NAMES  # noqa: E402  # needs the packages above


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "video.mp4"
    random = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for _ in range(8):
            pixels = np.kron(random.integers(0, 255, (8, 12, 3)), np.ones((8, 8, 1))).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_a_video_to_a_folder(fovea, video, tmp_path):
    result = fovea("stream", video, tmp_path / "out", "--kbps", 400, "--fps", 10, "-j", 1)
    assert result.exit_code == 0, result.stderr
    files = sorted((tmp_path / "out").iterdir())
    assert files and decode(files[-1].read_bytes()).shape == (64, 96, 3)
    assert f"{len(files)} frames sent in {len(files)} messages" in result.stderr
    assert "kbit/s" in result.stderr


@pytest.mark.parametrize(
    ("source", "destination", "reason"),
    [
        ("missing.mp4", "out", "missing.mp4: no such file or device"),
        ("video.mp4", "ftp://a/b", "ftp://a/b: is none of mqtt://"),
        ("video.mp4", "mqtt://127.0.0.1:1/yard", "mqtt://127.0.0.1:1/yard: no broker answers"),
        ("video.mp4", "video.mp4", "video.mp4: is a file"),
        ("video.mp4", "http://a..b/x", "http://a..b/x: 'a..b' is no valid name of a host"),
        ("gopher://a/b", "out", "gopher://a/b: is none of rtsp"),
    ],
)
def test_wrong_ends_are_told_before_any_work(fovea, video, monkeypatch, source, destination, reason):
    monkeypatch.chdir(video.parent)
    monkeypatch.setattr("fovea.codec.Codec.__init__", lambda *_, **__: pytest.fail("the work began"))
    result = fovea("stream", source, destination, "--kbps", 50)
    assert result.exit_code == 1
    assert reason in result.stderr
    assert [path.name for path in video.parent.iterdir()] == ["video.mp4"]


def test_a_network_camera_that_breaks_off_is_told_without_its_password(fovea, tmp_path, monkeypatch):
    class Broken:
        finished, error = True, "no connection"

        def __init__(self, source):
            pass

        def close(self):
            pass

    monkeypatch.setattr("fovea.camera.Camera", Broken)
    result = fovea("stream", "http://me:secret@camera.local/video", tmp_path / "out", "--kbps", 50)
    assert result.exit_code == 1
    assert "http://camera.local/video: the video breaks off: no connection" in result.stderr
    assert "secret" not in result.stderr


def test_a_stream_of_which_nothing_arrives_is_a_failure(fovea, video, monkeypatch):
    class Refusing:
        takes_parts = True

        def ready(self):
            return False

        def close(self):
            pass

    monkeypatch.setattr("fovea.camera.open_destination", lambda *_: Refusing())
    result = fovea("stream", video, "mqtt://me:secret@broker.local/yard", "--kbps", 50)
    assert result.exit_code == 1
    assert "lost" in result.stderr and "mqtt://broker.local/yard: no frame has arrived" in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.parametrize(
    "options", ["", "--kbps 0", "--kbps nan", "--kbps 9 --scale 2/3", "--kbps 9 --fps -1", "--kbps 9 --refresh 0"]
)
def test_wrong_numbers_are_wrong_usage(fovea, video, options):
    assert fovea("stream", video, "out", *options.split()).exit_code == 2


@pytest.mark.parametrize("source", ["nowhere", "mqtt://127.0.0.1", "https://127.0.0.1:1/camera", "http://a..b/x"])
def test_a_wrong_source_is_told(fovea, source):
    result = fovea("watch", source, "--port", "0")
    assert result.exit_code == 1
    assert source in result.stderr and "unexpected" not in result.stderr


def test_a_wrong_address_of_the_page_is_told(fovea):
    result = fovea("watch", "http://127.0.0.1:1/camera", "--host", "a..b", "--port", "0")
    assert result.exit_code == 1
    assert "a..b:0: the host has no valid name" in result.stderr


@pytest.mark.parametrize(
    ("host", "local", "address"),
    [
        ("127.0.0.1", True, "http://127.0.0.1:8100/"),
        ("::1", True, "http://[::1]:8100/"),
        ("::", False, "http://[::]:8100/"),
    ],
)
def test_the_page_of_this_machine_refuses_other_names(fovea, monkeypatch, host, local, address):
    class Opened:
        port = 8100

        def __init__(self, *_):
            pass

        def close(self):
            pass

    def interrupt(line):
        printed.append(line)
        raise Interruption(signal.SIGINT)

    allowed, printed = [], []
    monkeypatch.setattr("fovea.camera.Server", Opened)
    monkeypatch.setattr("fovea.camera.open_receiver", Opened)
    monkeypatch.setattr("fovea.camera.create_app", lambda _, hosts: allowed.append(hosts))
    monkeypatch.setattr("fovea.cli.watch.print_note", interrupt)
    assert fovea("watch", "http://127.0.0.1:1/camera", "--host", host).exit_code == 0
    assert allowed == [LOCAL_NAMES if local else ("*",)]
    assert printed == [address]


@pytest.mark.skipif(os.name != "posix", reason="needs signals of POSIX")
def test_both_ends_and_their_usual_end(video, tmp_path):
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    address = f"http://127.0.0.1:{port}/camera"
    watcher = subprocess.Popen(
        [sys.executable, "-m", "fovea", "watch", address, "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        page = watcher.stdout.readline().strip()
        command = [sys.executable, "-m", "fovea", "stream", video, address, "--kbps", "400", "--fps", "10", "-j", "1"]
        streamed = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert streamed.returncode == 0, streamed.stderr
        assert "frames sent" in streamed.stderr
        assert requests.get(f"{page}frame.jpg", timeout=5).content[:2] == b"\xff\xd8"
        watcher.send_signal(signal.SIGINT)
        assert watcher.wait(20) == 0
    finally:
        watcher.kill()
        watcher.wait()
        watcher.stdout.close()


def test_a_bag_is_recoded(fovea, tmp_path):
    pytest.importorskip("rosbags")
    from rosbags.rosbag2 import Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.LATEST)
    stamp = store.types["builtin_interfaces/msg/Time"](sec=1, nanosec=2)
    header = store.types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera")
    kind = "sensor_msgs/msg/Image"
    pixels = np.zeros(64 * 48, np.uint8)
    image = store.types[kind](header, height=48, width=64, encoding="mono8", is_bigendian=0, step=64, data=pixels)
    with Writer(tmp_path / "bag", version=9) as writer:
        writer.write(writer.add_connection("/camera", kind, typestore=store), 1, store.serialize_cdr(image, kind))
    coded = fovea("rosbag", "encode", tmp_path / "bag", tmp_path / "coded", "-j", 1)
    assert coded.exit_code == 0, coded.stderr
    assert "1 images of 1 messages" in coded.stderr
    assert fovea("rosbag", "decode", tmp_path / "coded", tmp_path / "decoded").exit_code == 0
    again = fovea("rosbag", "decode", tmp_path / "missing", tmp_path / "more")
    assert again.exit_code == 1 and "missing" in again.stderr
