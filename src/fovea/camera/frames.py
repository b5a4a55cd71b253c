"""Frames, the slot that holds the newest one, and the clock of a stream."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

Pixels = NDArray[np.uint8]
"""The pixels of a frame: uint8 [H, W, 3], RGB."""


@dataclass(frozen=True)
class Frame:
    """A picture that a camera took.

    Attributes:
        number: number of the frame, counted by the camera from 0; the numbers of dropped frames are missing.
        time: when the frame was taken, in seconds since 1970.
        pixels: uint8 [H, W, 3], RGB.
    """

    number: int
    time: float
    pixels: Pixels


class Clock(Protocol):
    """The clock of a stream. In tests, a simulated clock takes its place."""

    def now(self) -> float:
        """Return the time in seconds since any fixed moment; it never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Return the time in seconds since any fixed moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        time.sleep(seconds)


class Mailbox(Generic[T]):
    """A slot for one item between two threads. A new item replaces one that has not been taken.

    Attributes:
        dropped: number of items that were replaced.

    Example:
        >>> box = Mailbox()
        >>> box.put("old"), box.put("new"), box.take(timeout=1), box.dropped
        (None, None, 'new', 1)
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: Callable[[], T] | None = None
        self._closed = False
        self.dropped = 0

    def put(self, item: T) -> None:
        """Put an item into the slot. This never waits."""
        with self._changed:
            self.dropped += self._item is not None
            self._item = lambda: item
            self._changed.notify()

    def take(self, timeout: float) -> T | None:
        """Wait at most ``timeout`` seconds for an item, take it out of the slot and return it, or None without one."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout)
            item, self._item = self._item, None
        return item and item()

    def close(self) -> None:
        """Note that no item follows."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def finished(self) -> bool:
        """Whether the slot is empty and no item follows."""
        with self._changed:
            return self._closed and self._item is None
