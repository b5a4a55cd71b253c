import socketserver
import struct
import threading
import time

import numpy as np
import pytest

from fovea.camera import Camera, Frame, Mailbox, SystemClock, offer_frames
from fovea.camera.capture import _open
from fovea.errors import FoveaError

from .conftest import FPS, FRAMES, HEIGHT, WIDTH, VirtualClock, av, eventually, scene


def _frames(camera):
    while not camera.finished:
        if frame := camera.take(0.5):
            yield frame


def test_a_file_plays_at_its_own_pace(video):
    camera = Camera(str(video))
    begun = time.monotonic()
    frames = list(_frames(camera))
    assert time.monotonic() - begun > 0.9 * (FRAMES - 1) / FPS
    assert frames[-1].number == FRAMES - 1
    assert len(frames) + camera.dropped == FRAMES
    assert not camera.error
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))
    assert frames[-1].pixels.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(frames[-1].pixels.astype(int) - scene(FRAMES - 1)).mean() < 10
    camera.close()


def test_a_file_without_time_stamps_plays_at_its_frame_rate(tmp_path):
    path = tmp_path / "raw.h264"
    with av.open(str(path), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=20, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(12):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(scene(number), format="rgb24")))
        container.mux(stream.encode())
    camera = Camera(str(path))
    times = [frame.time for frame in _frames(camera)]
    camera.close()
    assert times[-1] - times[0] > 0.9 * 11 / 20


CORNER = (slice(0, 24), slice(0, 40))
"""Rows and columns of the corner that is marked in the pixels of a video that is turned."""


@pytest.mark.parametrize(
    ("matrix", "shape", "corner"),
    [
        ((1, 0, 0, 1), (HEIGHT, WIDTH), CORNER),
        ((0, 1, -1, 0), (WIDTH, HEIGHT), (slice(0, 40), slice(-24, None))),  # a quarter to the right, as phones write
        ((0, -1, 1, 0), (WIDTH, HEIGHT), (slice(-40, None), slice(0, 24))),
        ((-1, 0, 0, -1), (HEIGHT, WIDTH), (slice(-24, None), slice(-40, None))),
        ((-1, 0, 0, 1), (HEIGHT, WIDTH), (slice(0, 24), slice(-40, None))),  # mirrored
        ((0, 1, 1, 0), (WIDTH, HEIGHT), (slice(0, 40), slice(0, 24))),  # mirrored and turned
    ],
)
def test_frames_are_turned_as_they_are_shown(tmp_path, matrix, shape, corner):
    path = tmp_path / "turned.mp4"
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[CORNER] = 250
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    _set_matrix(path, matrix)
    camera = Camera(str(path))
    taken = camera.take(20).pixels
    camera.close()
    assert taken.shape == (*shape, 3) and taken.flags.c_contiguous
    bright = taken.mean(axis=2) > 128
    assert bright[corner].mean() > 0.95 and bright.sum() == pytest.approx(24 * 40, rel=0.1)


def _set_matrix(path, matrix):
    """Write the display matrix of a track of an MP4 file (ISO/IEC 14496-12, box "tkhd")."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 44
    right, down, across, along = (round(value * 2**16) for value in matrix)
    struct.pack_into(">9i", data, place, right, down, 0, across, along, 0, 0, 0, 2**30)
    path.write_bytes(data)


def test_a_camera_does_not_wait_for_those_who_take_its_frames(video):
    camera = Camera(str(video))
    first = camera.take(20)
    assert eventually(lambda: camera.dropped > 3)
    assert camera.take(20).number > first.number + 3
    camera.close()


@pytest.mark.parametrize(
    ("source", "reason"),
    [("missing.mp4", "no such file"), ("ftp://a/b", "is none of rtsp"), ("rtsp://127.0.0.1:9/x", "cannot be opened")],
)
def test_what_cannot_be_opened_is_refused(source, reason):
    with pytest.raises(FoveaError, match=reason) as caught:
        Camera(source)
    assert str(caught.value).startswith(source)


def test_a_file_that_is_no_video_is_refused(tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(FoveaError, match="cannot be opened as a video"):
        Camera(str(tmp_path / "text.mp4"))
    sound = tmp_path / "sound.wav"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sample = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sample.sample_rate = 8000
        container.mux(stream.encode(sample))
    with pytest.raises(FoveaError, match="has no video"):
        Camera(str(sound))


@pytest.mark.parametrize("password", ["secret", "sec@ret"])
def test_errors_do_not_show_passwords(password):
    with pytest.raises(FoveaError) as caught:
        Camera(f"rtsp://me:{password}@127.0.0.1:9/x@y")
    assert str(caught.value).startswith("rtsp://127.0.0.1:9/x@y: ")


def test_a_network_camera_is_opened_again(video, address, tmp_path, monkeypatch):
    monkeypatch.setattr("fovea.camera.capture._PAUSES_S", (0.05, 0.1))
    (tmp_path / "v.mp4").write_bytes(video.read_bytes())
    camera = Camera(f"{address}v.mp4")
    camera.take(20)
    assert eventually(lambda: (frame := camera.take(1)) is not None and frame.number > FRAMES)
    camera.close()
    camera.take(0)  # what was read before
    assert camera.finished


def test_an_error_is_over_when_frames_come_again(video, address, tmp_path, monkeypatch):
    monkeypatch.setattr("fovea.camera.capture._PAUSES_S", (0.05, 0.1))
    (tmp_path / "v.mp4").write_bytes(video.read_bytes())
    camera, failures = Camera(f"{address}v.mp4"), []

    def fail_once(source):
        if failures:
            return _open(source)
        failures.append(FoveaError("no connection", path=source))
        raise failures[0]

    monkeypatch.setattr("fovea.camera.capture._open", fail_once)
    assert eventually(lambda: (frame := camera.take(1)) is not None and frame.number > FRAMES)
    assert failures and not camera.error
    camera.close()


def test_a_camera_that_nobody_reads_closes(video):
    Camera(str(video)).close()


class _Counting:
    """A source with a frame at each moment, for so many seconds."""

    def __init__(self, clock, seconds):
        self._clock, self._seconds = clock, seconds

    @property
    def finished(self):
        return self._clock.now() >= self._seconds

    def take(self, timeout):
        return Frame(int(self._clock.now() * 30), self._clock.now(), None)


class _Slow:
    """A streamer that takes its time for some frames."""

    def __init__(self, clock, seconds):
        self._clock, self._seconds, self.times = clock, seconds, []

    def offer(self, frame):
        self.times.append(self._clock.now())
        self._clock.sleep(self._seconds if len(self.times) == 5 else 0.01)


def test_no_more_frames_are_offered_than_wanted():
    clock = VirtualClock()
    streamer = _Slow(clock, 0.01)
    offer_frames(_Counting(clock, 10), streamer, 4, clock)
    assert len(streamer.times) == 41
    np.testing.assert_allclose(np.diff(streamer.times), 0.25)


def test_frames_that_were_missed_are_not_made_up_for():
    clock = VirtualClock()
    streamer = _Slow(clock, 3.0)
    offer_frames(_Counting(clock, 10), streamer, 4, clock)
    assert np.diff(streamer.times).min() > 0.2
    assert np.diff(streamer.times).max() == pytest.approx(3.0)


def test_a_mailbox_holds_the_newest():
    box = Mailbox()
    assert box.take(0) is None
    box.put(1)
    box.put(2)
    box.close()
    assert not box.finished
    assert box.take(1) == 2
    assert box.finished and box.dropped == 1


def test_the_clock_of_the_machine_goes_on():
    clock = SystemClock()
    begun = clock.now()
    clock.sleep(0.01)
    assert clock.now() - begun >= 0.009


def test_a_server_without_tcp_is_asked_over_udp():
    """RTSP (RFC 2326): a server that refuses a transport answers SETUP with 461."""
    asked = []

    class Refusing(socketserver.StreamRequestHandler):
        def handle(self):
            while lines := list(iter(lambda: self.rfile.readline().decode().strip(), "")):
                fields = dict(line.split(": ", 1) for line in lines[1:])
                status, more = "200 OK", "Public: DESCRIBE, SETUP"
                if lines[0].startswith("DESCRIBE"):
                    session = "v=0\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
                    more = f"Content-Type: application/sdp\r\nContent-Length: {len(session)}\r\n\r\n{session}"
                elif lines[0].startswith("SETUP"):
                    asked.append(fields["Transport"].split(";")[0])
                    status, more = "461 Unsupported Transport", "Session: 1"
                end = "" if "\r\n\r\n" in more else "\r\n\r\n"
                self.wfile.write(f"RTSP/1.0 {status}\r\nCSeq: {fields['CSeq']}\r\n{more}{end}".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(FoveaError, match="cannot be opened as a video"):
            Camera(f"rtsp://127.0.0.1:{server.server_address[1]}/x")
        server.shutdown()
    assert asked[:2] == ["RTP/AVP/TCP", "RTP/AVP/UDP"]
