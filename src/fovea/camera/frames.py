"""Frames, the slot that holds the newest one, and the clock that they are timed by."""

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
        number: count of the frames of the camera, from 0; the numbers of dropped frames are missing.
        time: when it was taken, in seconds since 1970.
        pixels: uint8 [H, W, 3], RGB.
    """

    number: int
    time: float
    pixels: Pixels


class Clock(Protocol):
    """The time of a stream. Tests have one that needs no waiting."""

    def now(self) -> float:
        """Return the time in seconds; it never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Return the time in seconds, from any start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Mailbox(Generic[T]):
    """A slot for one item between two threads. A new item replaces one that nobody has taken.

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
        """Lay an item into the slot. This never waits."""
        with self._changed:
            self.dropped += self._item is not None
            self._item = lambda: item
            self._changed.notify()

    def take(self, timeout: float) -> T | None:
        """Take the item out, and wait for it at most ``timeout`` seconds; None if there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout)
            item, self._item = self._item, None
        return item and item()

    def close(self) -> None:
        """Say that no item follows."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def finished(self) -> bool:
        """Whether the slot is empty and no item follows."""
        with self._changed:
            return self._closed and self._item is None
