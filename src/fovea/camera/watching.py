"""Watching a stream: from parts of frames to pictures, and to the objects that a recognizer detects on them."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fovea.bitstream import TILE_UNIT, read_header
from fovea.camera.frames import Pixels
from fovea.camera.message import Message, Place
from fovea.codec import Codec
from fovea.errors import BitstreamError, LimitError

if TYPE_CHECKING:
    from fovea.recognition import Recognizer

MAX_PIXELS = 2**25
"""Largest number of pixels of a frame that a watcher takes: 33 megapixels, which is 8K."""
MAX_SIDE = 65_500
"""Longest side of a frame that a watcher takes, in pixels: the page shows it as JPEG, which libjpeg limits to this."""
_MOST_WAITING = 256
"""Largest number of parts that wait to be decoded. If there are more, they are dropped, and a whole frame is wanted."""
_ASK_AGAIN_S = 2.0
"""Seconds after which a whole frame is asked for again."""
_RATE_S = 5.0
"""Seconds over which bits and frames are counted."""
_POLL_S = 0.2
"""Seconds between two checks whether the watcher is closed."""


@dataclass(frozen=True)
class Shown:
    """The picture of a watcher after the newest part.

    Attributes:
        frame: number of the frame that changed the picture last.
        taken: when that frame was taken, in seconds since 1970.
        done: when the picture and its objects were ready, in seconds since 1970.
        pixels: uint8 [H, W, 3], RGB.
        whole: whether each of its pixels has been received.
        objects: objects that a recognizer detects: mappings with "class", "score", 0..1, and "box", left, top, right
            and bottom in pixels.
        kbps: coded kbit/s (1,000 bits per second) received over the last 5 seconds.
        fps: frames per second received over the last 5 seconds.
    """

    frame: int
    taken: float
    done: float
    pixels: Pixels
    whole: bool
    objects: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    kbps: float = 0.0
    fps: float = 0.0


class Inbox:
    """The parts that wait to be decoded.

    A part replaces the waiting parts that it covers, so that a slow watcher decodes only parts that can still be seen.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[Message, tuple[int, int, int, int]]] = []
        self._next: tuple[str, int] | None = None
        self._asked = -_ASK_AGAIN_S
        self._arrived: deque[tuple[float, int, int]] = deque()
        self._received = ("", 0), 0  # stream and number of the newest frame, and the number of its pixels so far
        self._needs_whole = True

    def put(self, message: Message) -> bool:
        """Add a message, and return whether a whole frame is wanted, because a part is missing.

        Raises:
            BitstreamError: the message is damaged, or does not fit its frame.
            LimitError: the frame is too large.
        """
        place, header = message.place, read_header(message.data)
        box = (place.left, place.top, place.left + header.width, place.top + header.height)
        if place.width * place.height > MAX_PIXELS or max(place.width, place.height) > MAX_SIDE:
            raise LimitError(f"a frame of {place.width}x{place.height} pixels is too large")
        if box[2] > place.width or box[3] > place.height:
            raise BitstreamError(f"a part reaches beyond its frame of {place.width}x{place.height} pixels")
        now = time.monotonic()
        with self._changed:
            self._forget(now)
            self._arrived.append((now, place.frame, len(message.data)))
            missed = self._next != (place.stream, place.number)
            self._next = place.stream, place.number + 1
            frame, pixels = self._received
            if not place.part or frame != (place.stream, place.frame):
                pixels = 0
            pixels += header.width * header.height
            self._received = (place.stream, place.frame), pixels
            covers_all = pixels == place.width * place.height  # the parts of a frame do not overlap
            self._waiting = [(old, other) for old, other in self._waiting if not _covers(box, other)]
            if len(self._waiting) >= _MOST_WAITING:
                self._waiting.clear()
                missed = True
            self._waiting.append((message, box))
            self._needs_whole = (self._needs_whole or missed) and not covers_all
            self._changed.notify()
            if not self._needs_whole or now - self._asked < _ASK_AGAIN_S:
                return False
            self._asked = now
            return True

    def take(self, timeout: float) -> list[Message]:
        """Wait at most ``timeout`` seconds for messages, and take out all that wait, the oldest first."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, timeout)
            waiting, self._waiting = self._waiting, []
        return [message for message, _ in waiting]

    def rates(self) -> tuple[float, float]:
        """Return the coded kbit/s and the frames per second that arrived over the last seconds."""
        with self._changed:
            self._forget(time.monotonic())
            size = sum(size for _, _, size in self._arrived)
            return size * 8 / 1000 / _RATE_S, len({frame for _, frame, _ in self._arrived}) / _RATE_S

    def _forget(self, now: float) -> None:
        """Forget the arrivals that are too old to be counted."""
        while self._arrived and self._arrived[0][0] < now - _RATE_S:
            self._arrived.popleft()


class Watcher:
    """Decodes a stream in its own thread, and passes on each new picture.

    Args:
        codec: codec that decodes the parts.
        show: function that is called with each picture.
        recognizer: recognizer that detects objects on each picture; None for none.
        note: function that takes lines for the user, about parts that cannot be decoded.
    """

    def __init__(
        self,
        codec: Codec,
        show: Callable[[Shown], None],
        recognizer: "Recognizer | None" = None,
        note: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._codec, self._show, self._recognizer, self._note = codec, show, recognizer, note
        self._inbox = Inbox()
        self._stream = ""
        self._canvas: Pixels = np.zeros((0, 0, 3), np.uint8)
        self._missing: NDArray[np.bool_] = np.ones((0, 0), bool)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._thread.start()

    def receive(self, message: Message) -> bool:
        """Take a message, and return whether a whole frame is wanted.

        Raises:
            BitstreamError: the message is damaged, or does not fit its frame.
            LimitError: the frame is too large.
        """
        return self._inbox.put(message)

    def close(self) -> None:
        """Stop decoding."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            messages = self._inbox.take(_POLL_S)
            pasted = None
            for message in messages:
                try:
                    self._paste(message)
                    pasted = message.place
                except Exception as error:  # a part that cannot be decoded does not end the stream
                    self._report(message.place, error)
            if pasted:
                try:
                    self._pass_on(pasted)
                except Exception as error:  # nor does a picture that cannot be shown
                    self._report(pasted, error)

    def _report(self, place: Place, error: Exception) -> None:
        self._note(f"frame {place.frame}: {str(error) or type(error).__name__}")

    def _paste(self, message: Message) -> None:
        place = message.place
        pixels = self._codec.decode(message.data, max_pixels=MAX_PIXELS)
        if pixels.ndim == 2:
            pixels = np.repeat(pixels[..., None], 3, axis=2)
        if place.stream != self._stream or self._canvas.shape[:2] != (place.height, place.width):
            self._stream = place.stream
            self._canvas = np.full((place.height, place.width, 3), 128, np.uint8)
            self._missing = np.ones((-(-place.height // TILE_UNIT), -(-place.width // TILE_UNIT)), bool)
        bottom, right = place.top + pixels.shape[0], place.left + pixels.shape[1]
        self._canvas[place.top : bottom, place.left : right] = pixels[..., :3]
        rows = slice(place.top // TILE_UNIT, -(-bottom // TILE_UNIT))
        self._missing[rows, place.left // TILE_UNIT : -(-right // TILE_UNIT)] = False

    def _pass_on(self, place: Place) -> None:
        pixels = self._canvas.copy()
        objects = self._detect(pixels)
        kbps, fps = self._inbox.rates()
        self._show(Shown(place.frame, place.time, time.time(), pixels, not self._missing.any(), objects, kbps, fps))

    def _detect(self, pixels: Pixels) -> list[dict[str, Any]]:
        if self._recognizer is None:
            return []
        try:
            (found,) = self._recognizer.predict([pixels])
        except Exception as error:
            self._note(f"{self._recognizer.name}: {error or type(error).__name__}")
            return []
        classes, scores = found.class_id, found.confidence
        if classes is None or scores is None:
            return []
        return [
            {"class": self._recognizer.classes[kind], "score": round(float(score), 3), "box": box.round(1).tolist()}
            for kind, score, box in zip(classes, scores, found.xyxy, strict=True)
        ]


def _covers(box: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return box[0] <= other[0] and box[1] <= other[1] and box[2] >= other[2] and box[3] >= other[3]
