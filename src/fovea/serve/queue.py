"""A bounded queue in which callers take turns."""

import asyncio
from collections import deque

Turn = asyncio.Future[None]
"""Completes when its request may have a thread; fails if it loses its place."""


class FairQueue:
    """Requests that wait. Each caller has a line of its own, and the lines take turns.

    A full queue takes a further request of a caller if another line is longer than that of the caller will then be. The
    longest line loses its newest request. So a caller alone may fill the queue, and however many requests it has, they
    neither keep out another caller nor make it wait for more than one turn of each line.

    Fair queuing by turns: Nagle, "On Packet Switches with Infinite Storage", RFC 970, 1985. The longest line as the one
    to lose: Suter et al., "Buffer Management Schemes for Supporting TCP in Gigabit Routers with Per-Flow Queueing",
    IEEE Journal on Selected Areas in Communications, 1999.

    Args:
        places: largest number of requests that wait.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._lines: dict[str, deque[Turn]] = {}  # in the order of the turns; none is empty
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def full(self) -> bool:
        """Whether all places are taken."""
        return self._length >= self._places

    def has_place(self, caller: str) -> bool:
        """Return whether a request of a caller would be taken."""
        return not self.full or self._may_displace(caller)

    def enter(self, caller: str, turn: Turn, lost: Exception) -> None:
        """Take a request, for which there must be a place.

        Args:
            caller: whose request it is.
            turn: completes when it is its turn.
            lost: the error of the request that loses its place for it, if one does.
        """
        if self.full:
            newest = self._longest()[-1]
            self.leave(newest)
            newest.set_exception(lost)
        self._lines.setdefault(caller, deque()).append(turn)
        self._length += 1

    def take(self) -> Turn:
        """Take out the request whose turn it is; the queue must not be empty."""
        caller, line = next(iter(self._lines.items()))
        turn = line.popleft()
        self._length -= 1
        del self._lines[caller]
        if line:
            self._lines[caller] = line  # behind the others
        return turn

    def leave(self, turn: Turn) -> None:
        """Take out a request, wherever it waits."""
        caller, line = next((caller, line) for caller, line in self._lines.items() if turn in line)
        line.remove(turn)
        self._length -= 1
        if not line:
            del self._lines[caller]

    def _may_displace(self, caller: str) -> bool:
        return bool(self._lines) and len(self._longest()) > len(self._lines.get(caller, ())) + 1

    def _longest(self) -> deque[Turn]:
        return max(self._lines.values(), key=len)
