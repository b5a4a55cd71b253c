"""Sending a stream: from frames of a camera to messages within a budget."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from fovea.bitstream import Box, TileGrid
from fovea.camera.frames import Clock, Frame, Pixels
from fovea.camera.message import Message, Place
from fovea.camera.rate import Plan, RateController
from fovea.camera.tiles import SentTiles, default_tile_size, rectangles, split
from fovea.codec import Codec
from fovea.spec import FULL_SCALE

DEFAULT_REFRESH_S = 30.0
"""Seconds within which each tile is sent anew."""
_TRIES = 4
"""Largest number of encodings of a frame. A second one is rare, and further ones are very rare."""
_LARGEST_PIECE = 0.9
"""Largest planned size of a piece, as a share of the peak."""
_MARGIN = 0.9
"""Share of the room for which the second encoding is planned. Each further encoding takes the same share of that."""

Encode = Callable[[Pixels, int, int], bytes]
"""Function from pixels, uint8 [H, W, 3], a quality, 0..100, and a scale in eighths to the bytes of a ``.fov`` file."""


class Destination(Protocol):
    """A place that a stream is sent to."""

    takes_parts: bool
    """Whether the destination can use parts of frames; otherwise each frame is sent as a whole."""

    def ready(self) -> bool:
        """Return whether a message can be sent now. Frames are skipped until it can."""

    def size(self, message: Message) -> int:
        """Return the size of a message with its headers in bytes, without the headers of TCP, IP and TLS."""

    def send(self, message: Message) -> bool:
        """Send a message, wait until it has arrived or counts as lost, and return whether it has arrived."""

    def wants_whole(self) -> bool:
        """Return whether a watcher has asked for a whole frame since the last call: it is new, or it missed a part."""

    def close(self) -> None:
        """End the connection."""


@dataclass
class Counts:
    """Statistics of a stream.

    Attributes:
        sent: number of frames that were sent, whole or in parts.
        unchanged: number of frames of which nothing had to be sent.
        saved: number of frames that were skipped to keep to the budget.
        lost: number of frames that did not arrive, because the link was broken or too slow for even one frame.
        messages: number of messages.
        bytes: size of all messages, in bytes.
        encodings: number of times that a part was encoded.
        pixels: number of pixels of the parts that were sent.
    """

    sent: int = 0
    unchanged: int = 0
    saved: int = 0
    lost: int = 0
    messages: int = 0
    bytes: int = 0
    encodings: int = 0
    pixels: int = 0


class Streamer:
    """Sends the frames of a camera. A frame is sent immediately or never.

    Args:
        encode: the encoder, see :func:`encoder_of`.
        destination: destination of the messages.
        rate: controller that keeps to the budget.
        clock: clock of the stream.
        refresh: seconds within which each tile is sent anew.
        tile_size: side of the tiles that are compared, in pixels, a multiple of 64; None chooses it by the size of the
            frames.

    Attributes:
        counts: statistics of the stream so far.
    """

    def __init__(
        self,
        encode: Encode,
        destination: Destination,
        rate: RateController,
        clock: Clock,
        refresh: float = DEFAULT_REFRESH_S,
        tile_size: int | None = None,
    ) -> None:
        self._encode, self._destination, self._rate, self._clock = encode, destination, rate, clock
        self._refresh, self._tile_size = refresh, tile_size
        self._stream = secrets.token_hex(4)
        self._sent: SentTiles | None = None
        self._overhead, self._first = 0, 0
        self._last: Frame | None = None
        self.counts = Counts()

    def offer(self, frame: Frame) -> bool:
        """Send the parts of a frame that have to be sent.

        Args:
            frame: the newest frame; an older frame must not be offered after it.

        Returns:
            Whether any part of the frame was sent.

        Raises:
            FoveaError: the destination is a folder, and the file cannot be written.
        """
        if not self._destination.ready():
            self._lose()
            return False
        sent, now = self._tiles_of(frame), self._clock.now()
        if self._last is not None and frame.number > self._last.number:
            self._rate.expect((frame.time - self._last.time) / (frame.number - self._last.number))
        self._last = frame
        if self._destination.wants_whole() or not self._destination.takes_parts:
            sent.forget()
        grid = sent.grid
        tiles = sent.choose(frame.pixels, now, self._rate.attainable(now, grid.width * grid.height))
        if not tiles:
            self.counts.unchanged += 1
            self._rate.idle(now)
            return False
        boxes, whole = rectangles(grid, tiles), len(tiles) == grid.tiles
        pixels = _area(boxes)
        plan = self._rate.plan(now, pixels, whole, self._overhead * len(boxes), self._destination.takes_parts)
        if plan is None:
            self.counts.saved += 1
            return False
        return self._send_frame(frame, sent, plan, self._groups(grid, boxes, plan), whole)

    def _tiles_of(self, frame: Frame) -> SentTiles:
        """Return the tiles that watchers have: none if the frame has another size than the frames before it."""
        height, width = frame.pixels.shape[:2]
        if self._sent is None or (self._sent.grid.width, self._sent.grid.height) != (width, height):
            size = self._tile_size or default_tile_size(width, height)
            self._sent = SentTiles(TileGrid(width, height, size), self._refresh)
            self._rate.start(width, height)
        return self._sent

    def _groups(self, grid: TileGrid, boxes: list[Box], plan: Plan) -> list[list[Box]]:
        """Return groups of rectangles. A group is sent together, and the next one when the budget has room for it."""
        if plan.pieces == 1:
            return [boxes]
        return [[box] for box in split(grid, boxes, _area(boxes) / plan.pieces)]

    def _send_frame(self, frame: Frame, sent: SentTiles, plan: Plan, groups: list[list[Box]], whole: bool) -> bool:
        parts, part, self._first = sum(map(len, groups)), 0, self.counts.messages
        pixels = _area([box for group in groups for box in group])
        # Tiles are not cut, so there may be fewer pieces than planned, and these cannot take the whole budget.
        left = min(plan.budget, _LARGEST_PIECE * self._rate.peak * len(groups))
        for group in groups:
            area = _area(group)
            if plan.pieces > 1 or part:
                plan = self._rate.within(left * area / pixels - self._overhead * len(group), area, whole)
            messages, plan = self._code(frame, plan, group, range(part, part + len(group)), parts, whole)
            for box, message in zip(group, messages, strict=True):
                size = self._destination.size(message)
                self._clock.sleep(self._rate.wait(self._clock.now(), size))
                if size > self._rate.peak or not self._destination.send(message):
                    sent.forget()
                    self._lose()
                    return False
                now = self._clock.now()
                self._rate.sent(now, size)
                sent.mark(frame.pixels, box, now, self._rate.level_of(plan))
                self._count(message, size, box)
                left, pixels, part = left - size, pixels - box.width * box.height, part + 1
        if whole:
            sent.complete(self._clock.now())
        self.counts.sent += 1
        return True

    def _code(
        self, frame: Frame, plan: Plan, boxes: Sequence[Box], numbers: range, parts: int, whole: bool
    ) -> tuple[list[Message], Plan]:
        """Code rectangles of a frame. If they would exceed the peak, they are coded again with fewer bits."""
        area = _area(boxes)
        for attempt in range(1, _TRIES + 1):
            data = [self._encode(_cut(frame.pixels, box), plan.quality, plan.scale) for box in boxes]
            self.counts.encodings += len(boxes)
            coded = sum(map(len, data))
            self._rate.learn(plan, area, whole, coded)
            messages = [
                Message(self._place(frame, box, number, parts), one)
                for box, number, one in zip(boxes, numbers, data, strict=True)
            ]
            size = sum(map(self._destination.size, messages))
            self._overhead = (size - coded) // len(boxes)
            room = self._rate.peak if len(boxes) == 1 and parts > 1 else self._rate.room(self._clock.now())
            if size <= room or attempt == _TRIES:
                break
            plan = self._rate.within(_MARGIN**attempt * room - self._overhead * len(boxes), area, whole)
        return messages, plan

    def _place(self, frame: Frame, box: Box, part: int, parts: int) -> Place:
        height, width = frame.pixels.shape[:2]
        number = self._first + part
        return Place(self._stream, number, frame.number, frame.time, width, height, box.left, box.top, part, parts)

    def _count(self, message: Message, size: int, box: Box) -> None:
        self.counts.messages += 1
        self.counts.bytes += size
        self.counts.pixels += box.width * box.height

    def _lose(self) -> None:
        self.counts.lost += 1
        self._rate.lost(self._clock.now())
        if self._sent is not None:
            self._sent.forget()


def encoder_of(codec: Codec) -> Encode:
    """Return a function that encodes each part of a stream as a separate picture with a codec."""
    return lambda pixels, quality, scale: codec.encode(pixels, quality, scale=Fraction(scale, FULL_SCALE))


def _area(boxes: Sequence[Box]) -> int:
    return sum(box.width * box.height for box in boxes)


def _cut(pixels: Pixels, box: Box) -> Pixels:
    return pixels[box.top : box.top + box.height, box.left : box.left + box.width]
