"""Frames from a camera device, a network camera or a video file."""

import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.sidedata.sidedata import Type as SideData

from fovea.camera.addresses import is_address, without_account
from fovea.camera.frames import Clock, Frame, Mailbox, Pixels
from fovea.camera.streaming import Streamer
from fovea.errors import FoveaError

SCHEMES = ("rtsp", "rtsps", "rtp", "udp", "http", "https")
"""Schemes of the addresses of network cameras."""
_OPEN_S, _READ_S = 10.0, 10.0
"""Longest time to open a network camera, and to wait for its next frame, in seconds."""
_PAUSES_S = (1.0, 30.0)
"""First and longest pause before a network camera is opened again, in seconds."""
_POLL_S = 0.5
"""Longest time to wait for a frame before it is checked whether another one follows, in seconds."""


class _Taken:
    """A frame in the form of the decoder. It is converted to RGB only if it is taken out of the mailbox."""

    def __init__(self, number: int, picture: av.VideoFrame) -> None:
        self.number, self.time, self.picture = number, time.time(), picture


class Camera:
    """Reads frames in its own thread as fast as they come, and keeps only the newest one.

    Args:
        source: device such as ``/dev/video0``, address such as ``rtsp://camera.local/stream``, or video file. A file
            is read at the pace of its time stamps, or of its frame rate if it has none. Frames are turned as the
            source says that they are shown.

    Raises:
        FoveaError: the source cannot be opened, or has no video.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._mailbox: Mailbox[_Taken] = Mailbox()
        self._container = _open(source)
        self._stop, self._number, self._error = threading.Event(), 0, ""
        self._thread: threading.Thread | None = None

    @property
    def dropped(self) -> int:
        """Number of frames that were replaced by newer ones before they were taken."""
        return self._mailbox.dropped

    @property
    def finished(self) -> bool:
        """Whether no frame follows."""
        return self._mailbox.finished

    @property
    def error(self) -> str:
        """The reason why no frames come; empty if there was no failure, or if frames came after it."""
        return self._error

    def take(self, timeout: float) -> Frame | None:
        """Wait for a frame that has not been taken, and return the newest one.

        The first call starts the reading, so that no frame of a file is lost before frames are taken.

        Args:
            timeout: longest time to wait, in seconds.

        Returns:
            The frame, or None if there is none after this time.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
            self._thread.start()
        taken = self._mailbox.take(timeout)
        if taken is None:
            return None
        return Frame(taken.number, taken.time, _as_shown(taken.picture))

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        if self._thread is None:
            self._container.close()
        else:
            self._thread.join(_READ_S)

    def _run(self) -> None:
        try:
            if is_address(self._source):
                self._read_network()
            else:
                self._read()
        except FFmpegError as error:
            self._error = error.strerror or str(error)
        finally:
            self._mailbox.close()

    def _read_network(self) -> None:
        """Read a network camera, and open it again whenever its connection breaks, until the camera is closed."""
        pause = _PAUSES_S[0]
        while not self._stop.is_set():
            before = self._number
            try:
                self._read()
            except FFmpegError as error:
                self._error = error.strerror or str(error)
            pause = _PAUSES_S[0] if self._number > before else min(2 * pause, _PAUSES_S[1])
            while not self._stop.wait(pause):
                try:
                    self._container = _open(self._source)
                    break
                except FoveaError as error:
                    self._error = error.reason
                    pause = min(2 * pause, _PAUSES_S[1])

    def _read(self) -> None:
        paced = not is_address(self._source) and not _is_device(self._source)
        with self._container as container:
            for picture in self._paced(container) if paced else container.decode(video=0):
                if self._stop.is_set():
                    return
                self._mailbox.put(_Taken(self._number, picture))
                self._number += 1
                self._error = ""

    def _paced(self, container: InputContainer) -> Iterator[av.VideoFrame]:
        """Yield the frames of a file when they are due."""
        # Files without a container, such as .h264, have no time stamps, and the average rate that FFmpeg gives for them
        # is its own default. The guessed rate is the one in the coded video, if there is one.
        rate = container.streams.video[0].guessed_rate
        interval = float(1 / rate) if rate else 0.0
        begun, due, origin = time.monotonic(), -interval, None
        for picture in container.decode(video=0):
            due += interval
            if picture.time is not None:
                origin = picture.time - due if origin is None else origin
                due = picture.time - origin
            self._stop.wait(max(0.0, begun + due - time.monotonic()))
            yield picture


class Source(Protocol):
    """A source of frames, such as a :class:`Camera`."""

    @property
    def finished(self) -> bool:
        """Whether no frame follows."""

    def take(self, timeout: float) -> Frame | None:
        """Wait at most ``timeout`` seconds for a frame that has not been taken, and return the newest one, or None."""


def offer_frames(source: Source, streamer: Streamer, fps: float, clock: Clock) -> None:
    """Offer the frames of a source to a streamer until no frame follows.

    Args:
        source: the camera.
        streamer: the streamer that sends the frames.
        fps: largest number of frames per second that are offered.
        clock: the clock of the stream.
    """
    due = clock.now()
    while not source.finished:
        clock.sleep(max(0.0, due - clock.now()))
        frame = source.take(_POLL_S)
        if frame is not None:
            # A late frame does not delay the frames after it, unless it is late by a whole interval or more.
            late = clock.now() - due
            due += 1 / fps if late < 1 / fps else late + 1 / fps
            streamer.offer(frame)


def _as_shown(picture: av.VideoFrame) -> Pixels:
    """Return the pixels of a frame, turned and mirrored as its display matrix says.

    Phones store the pixels as the sensor gives them, and in the matrix how the phone was held. An angle that is no
    multiple of 90 degrees is rounded to one.
    """
    pixels = np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)
    side_data: Any = picture.side_data  # PyAV declares a dictionary with other keys
    matrix = side_data.get(SideData.DISPLAYMATRIX)
    if matrix is None:
        return pixels
    # The first two rows of three numbers each say where the axes to the right and down point on the display.
    right, down = np.frombuffer(matrix, np.int32).reshape(3, 3)[:2, :2].astype(int)
    horizontal, vertical = right[0], down[1]
    if abs(right[1]) > abs(right[0]):
        pixels = pixels.swapaxes(0, 1)
        horizontal, vertical = down[0], right[1]
    return np.ascontiguousarray(pixels[:: -1 if vertical < 0 else 1, :: -1 if horizontal < 0 else 1])


def _is_device(source: str) -> bool:
    try:
        return stat.S_ISCHR(Path(source).stat().st_mode)
    except OSError:
        return False


def _open(source: str) -> InputContainer:
    """Open a source.

    Raises:
        FoveaError: it cannot be opened, or has no video.
    """
    scheme = source.partition("://")[0] if is_address(source) else ""
    if scheme and scheme not in SCHEMES:
        raise FoveaError(f"is none of {', '.join(SCHEMES)}", path=without_account(source))
    if not scheme and not Path(source).exists():
        raise FoveaError("no such file or device", path=source)
    # Over UDP, packets are lost that TCP sends again, but some servers have nothing else.
    options = {"rtsp_flags": "prefer_tcp"} if scheme.startswith("rtsp") else {}
    try:
        container = av.open(
            source,
            format="v4l2" if _is_device(source) else None,
            options=options,
            timeout=(_OPEN_S, _READ_S) if scheme else None,
        )
    except FFmpegError as error:
        raise FoveaError(
            f"cannot be opened as a video: {error.strerror or error}", path=without_account(source)
        ) from error
    if not container.streams.video:
        container.close()
        raise FoveaError("has no video", path=without_account(source))
    container.streams.video[0].thread_type = "AUTO"
    return container
