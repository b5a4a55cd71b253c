"""The rate controller: it chooses the quality of the next frame, so that a stream keeps to its budget.

The model is that the size of a frame grows exponentially with its quality: ``log(bytes / pixels) = level + slope ·
quality``. Over the qualities 0 to 100 the slope of ``fovea-s`` is 0.04 to 0.025, so a single slope is enough for the
qualities of a few consecutive frames. The level depends on the content: each coded frame corrects it, so that one
encoding for each frame is enough. Whole frames and parts of frames have separate levels, because moving objects need
more bits than the ground around them.

A token bucket controls the mean: the budget fills it, and each frame takes out the bytes that it sends. A frame is
planned with the bytes that came in since the last frame, and with a share of the bytes that earlier frames left or
spent too much. A log of the last second controls the peak: a frame that would exceed it is coded a second time, with
fewer bits.

Where the budget is too small for the lowest useful quality of each frame, frames are skipped, down to one in 1.2
seconds. If the budget is too small even for that, the quality falls to 0, and then the size at which frames are coded.
"""

import math
from collections import deque
from dataclasses import dataclass

from fovea.spec import FULL_SCALE

PEAK = 1.3
"""Largest number of bytes in any second, as a multiple of the budget."""
DEFAULT_FLOOR = 25
"""The quality below which frames are skipped instead, as long as one a second remains."""
SCALES = (8, 6, 4, 3, 2, 1)
"""Sizes at which frames are coded, in eighths."""
_HIGHEST = 100
"""Highest quality."""
_WINDOW_S = 1.02
"""Length in seconds of the window in which the peak is measured: one second, with a margin for inexact clocks."""
_PATIENCE_S = 1.2
"""Longest time in seconds for which frames are skipped to get a better quality. A frame that takes 1.2 seconds of
the budget is below the peak, and the frame before it is outside the window of the peak by then."""
_PIECE_S = 0.3
"""Largest piece of a frame, in seconds of the budget. Frames with shorter intervals than this are never cut."""
_ROOM = 0.9
"""Share of the room below the peak with which a frame is planned. The rest is for errors of the model."""
_LEAST_S = 0.3
"""Fewest bytes with which a frame is sent below the lowest useful quality, in seconds of the budget."""
_SMOOTHING_S = 0.5
"""Seconds over which a surplus or a debt is spread."""
_DEPTH_S = 2.0
"""Largest budget that is saved up while nothing changes or no frames come, in seconds of the budget. The income of one
interval comes on top, because rare frames need it."""
_SLOPE, _SLOPES = 0.037, (0.02, 0.06)
"""Initial slope, and its range."""
_LEVEL = math.log(0.03 / 8)
"""Initial level: 0.03 bits per pixel at quality 0."""
_GAIN = 0.8
"""Share of an error by which the level is corrected. It is large, because the content of rare frames differs much."""
_SURPRISE = 0.4
"""Error of a prediction, as a logarithm, above which the content has changed so much that the old level is dropped."""
_LONGEST_SIDE = 960
"""Longest side in pixels to which larger frames are reduced at first, as in :mod:`fovea.coding`."""
_ENOUGH = 72
"""Quality of reduced frames above which the next larger size is better."""


@dataclass(frozen=True)
class Plan:
    """How a frame is coded.

    Attributes:
        quality: 0..100.
        scale: size at which the frame is coded, in eighths of its own size, 1 to 8.
        budget: bytes that the frame may take.
        pieces: number of pieces in which the frame is to be sent, one after the other as the peak allows. Where frames
            are rare, each has more bytes than may be sent at once.
    """

    quality: int
    scale: int
    budget: float
    pieces: int = 1


class RateController:
    """Chooses quality and scale of frames for a budget.

    Args:
        kbps: budget in kbit/s (1,000 bits per second), for everything that is sent.
        fps: largest number of frames per second that are offered.
        floor: lowest useful quality, 0..100: frames are skipped rather than sent with a lower one.
        scale: size at which all frames are coded, in eighths of their own size; None lets the controller choose.

    Example:
        >>> rate = RateController(kbps=80, fps=1)
        >>> plan = rate.plan(now=0, pixels=640 * 480, whole=True)
        >>> plan.scale, plan.budget, plan.pieces
        (8, 10000.0, 4)
    """

    def __init__(self, kbps: float, fps: float, floor: int = DEFAULT_FLOOR, scale: int | None = None) -> None:
        self.bytes_per_second = kbps * 1000 / 8
        self._shortest = self._interval = 1 / fps
        self._floor, self._fixed = floor, scale
        self._scale = scale or FULL_SCALE
        self._levels = {True: _LEVEL, False: _LEVEL}
        self._slope = _SLOPE
        self._last_quality: dict[bool, tuple[int, float]] = {}
        self._recent: deque[tuple[float, int]] = deque()
        self._tokens = self.bytes_per_second * self._interval
        self._filled: float | None = None
        self._since: float | None = None

    def start(self, width: int, height: int) -> None:
        """Choose the size at which the first frames are coded.

        Args:
            width: width of the frames in pixels.
            height: height of the frames in pixels.
        """
        if self._fixed is None:
            fitting = [scale for scale in SCALES if max(width, height) * scale >= _LONGEST_SIDE * FULL_SCALE]
            self._scale = max(min(fitting, default=FULL_SCALE), FULL_SCALE // 2)

    def expect(self, interval: float) -> None:
        """Note the interval between two frames of the camera, in seconds."""
        self._interval = max(self._shortest, interval)

    def plan(self, now: float, pixels: int, whole: bool, overhead: int = 0, in_pieces: bool = True) -> Plan | None:
        """Return how the current frame is coded.

        Args:
            now: the time in seconds.
            pixels: number of pixels of the frame that are sent.
            whole: whether these are all pixels of the frame.
            overhead: bytes of the messages in addition to the coded pixels.
            in_pieces: whether the frame may be sent in pieces.

        Returns:
            The plan, or None if the frame has to be skipped, because the budget has to recover first.
        """
        target = self._target(now)
        rare = in_pieces and self._interval > _PIECE_S
        pieces = math.ceil(target / (_PIECE_S * self.bytes_per_second)) if rare else 1
        wanted, first = target, self._since is None
        if pieces == 1:
            target = min(target, _ROOM * self.room(now))
        available = target - overhead
        quality = self._quality(available, pixels, whole, self._scale)
        if quality < self._floor and not first:
            # A debt makes frames rarer. It does not make them worse than frames that have waited for their bits.
            waited = now - (self._since or 0.0) + self._interval > _PATIENCE_S + 1e-6
            if target < _LEAST_S * self.bytes_per_second or not (waited or target < wanted):
                return None
        if self._fixed is None:
            quality = self._rescale(quality, available, pixels, whole)
        if quality < 0 and not first:
            return None
        self._since = now
        return self._planned(quality, target, pieces)

    def within(self, size: float, pixels: int, whole: bool) -> Plan:
        """Return a plan for the same frame that takes at most a given size, if the model of the sizes is right.

        Args:
            size: largest size of the coded pixels, in bytes.
            pixels: number of pixels that are sent.
            whole: as in :meth:`plan`.
        """
        quality = self._quality(size, pixels, whole, self._scale)
        if self._fixed is None and size > 0:
            quality = self._rescale(quality, size, pixels, whole)
        return self._planned(quality, size)

    def learn(self, plan: Plan, pixels: int, whole: bool, size: int) -> None:
        """Correct the model of the sizes.

        Args:
            plan: how pixels were coded.
            pixels: number of pixels that were coded.
            whole: as in :meth:`plan`.
            size: size of the coded pixels in bytes, without the overhead of messages.
        """
        seen = math.log(max(1, size) / self._coded(pixels, plan.scale))
        error = seen - self._levels[whole] - self._slope * plan.quality
        if abs(error) > _SURPRISE:
            self._levels[whole] += error
        else:
            self._correct_slope(plan.quality, seen, whole)
            self._levels[whole] += _GAIN * (seen - self._levels[whole] - self._slope * plan.quality)
        self._last_quality[whole] = plan.quality, seen

    def sent(self, now: float, size: int) -> None:
        """Count a message of ``size`` bytes that was sent at the time ``now``, in seconds."""
        self._fill(now)
        self._tokens -= size
        self._recent.append((now, size))

    def idle(self, now: float) -> None:
        """Note that nothing of the frame at the time ``now``, in seconds, has to be sent."""
        self._fill(now)
        self._since = now

    def lost(self, now: float) -> None:
        """Note that the frame at the time ``now``, in seconds, cannot be sent. What was saved up for it expires.

        Otherwise the first frames after a break would be large, and each would take the room of those that follow it.
        """
        if self._filled is not None:
            self.idle(now)
            self._tokens = min(self._tokens, 0.0)

    def attainable(self, now: float, pixels: int) -> float:
        """Return the level, see :meth:`level_of`, that a whole frame of ``pixels`` pixels would get at ``now``."""
        quality = self._quality(min(self._target(now), self.room(now)), pixels, True, self._scale)
        return self._level(min(quality, _HIGHEST), self._scale)

    def level_of(self, plan: Plan) -> float:
        """Return a quality that is comparable across coded sizes: that of a frame of full size with as many bytes."""
        return self._level(plan.quality, plan.scale)

    @property
    def peak(self) -> float:
        """Largest number of bytes in any second."""
        return PEAK * self.bytes_per_second

    def room(self, now: float) -> float:
        """Return the number of bytes that may be sent at the time ``now``, in seconds."""
        while self._recent and self._recent[0][0] < now - _WINDOW_S:
            self._recent.popleft()
        return self.peak - sum(size for _, size in self._recent)

    def wait(self, now: float, size: int) -> float:
        """Return for how many seconds a message of ``size`` bytes, at most :attr:`peak`, has to wait at ``now``."""
        missing = size - self.room(now)
        for time, leaving in self._recent:
            if missing <= 0:
                return 0.0
            missing -= leaving
            if missing <= 0:
                return time + _WINDOW_S - now + 1e-6
        return 0.0

    def _fill(self, now: float) -> None:
        if self._filled is not None:
            filled = self._tokens + self.bytes_per_second * (now - self._filled)
            self._tokens = min(filled, self.bytes_per_second * (self._interval + _DEPTH_S))
        self._filled = now

    def _target(self, now: float) -> float:
        """Return the bytes for the current frame: the income since the last one, and a share of the surplus or debt."""
        if self._filled is None:  # no watcher has a picture yet, so the first one may make a debt
            return self.bytes_per_second * max(self._interval, _SMOOTHING_S)
        self._fill(now)
        elapsed = max(self._interval, now - (self._since or 0.0))
        income = self.bytes_per_second * elapsed
        share = min(1.0, elapsed / _SMOOTHING_S)
        most = _PATIENCE_S * self.bytes_per_second * max(1.0, self._interval)
        return min(income + share * (self._tokens - income), most)

    def _quality(self, size: float, pixels: int, whole: bool, scale: int) -> float:
        """Return the quality at which the coded pixels take ``size`` bytes; it may be out of range."""
        if size <= 0:
            return -math.inf
        return (math.log(size / self._coded(pixels, scale)) - self._levels[whole]) / self._slope

    def _rescale(self, quality: float, size: float, pixels: int, whole: bool) -> float:
        """Choose another coded size if the quality is too low or too high, and return the quality at that size."""
        while quality < 0 and size > 0 and self._scale != SCALES[-1]:
            self._scale = SCALES[SCALES.index(self._scale) + 1]
            quality = self._quality(size, pixels, whole, self._scale)
        if quality > _ENOUGH and self._scale != SCALES[0]:
            self._scale = SCALES[SCALES.index(self._scale) - 1]
            quality = self._quality(size, pixels, whole, self._scale)
        return quality

    def _correct_slope(self, quality: int, seen: float, whole: bool) -> None:
        """Move the slope towards the slope between this frame and the one before, if their qualities differ enough."""
        before, seen_before = self._last_quality.get(whole, (quality, seen))
        if abs(quality - before) >= 5:
            between = min(max((seen - seen_before) / (quality - before), _SLOPES[0]), _SLOPES[1])
            self._slope += 0.1 * (between - self._slope)

    def _planned(self, quality: float, budget: float, pieces: int = 1) -> Plan:
        return Plan(math.floor(max(0, min(_HIGHEST, quality))), self._scale, budget, pieces)

    def _level(self, quality: float, scale: int) -> float:
        return quality + 2 * math.log(scale / FULL_SCALE) / _SLOPE

    @staticmethod
    def _coded(pixels: int, scale: int) -> float:
        """Return the number of pixels at the coded size."""
        return pixels * (scale / FULL_SCALE) ** 2
