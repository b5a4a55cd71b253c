"""A bounded queue in which callers take turns."""

import asyncio
from collections import deque

Turn = asyncio.Future[None]
"""The future of a waiting request. It completes when the request gets a thread, and fails if it loses its place."""


class FairQueue:
    """Requests that wait. Each caller has its own line, and the lines take turns.

    A single caller may fill the queue. A full queue still takes the request of a caller if the longest line is longer
    than the line of this caller becomes; the longest line then loses its newest request. Therefore a caller with many
    requests cannot keep out another caller. Before each of its turns, a caller waits for one turn of each other line.

    Sources: Nagle, "On Packet Switches with Infinite Storage" (RFC 970, 1985) for the turns; Suter et al., "Buffer
    Management Schemes for Supporting TCP in Gigabit Routers with Per-Flow Queueing" (IEEE Journal on Selected Areas in
    Communications, 1999) for the loss of the longest line.

    Args:
        places: largest number of requests that wait.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._lines: dict[str, deque[Turn]] = {}  # by caller, in the order of the turns; no line is empty
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def full(self) -> bool:
        """Whether all places are taken."""
        return self._length >= self._places

    def has_place(self, caller: str) -> bool:
        """Return whether the queue would take a request of a caller."""
        return not self.full or self._may_displace(caller)

    def enter(self, caller: str, turn: Turn, lost: Exception) -> None:
        """Add a request. There must be a place for it, see :meth:`has_place`.

        Args:
            caller: name of the caller.
            turn: future of the request.
            lost: error that is set on the request that loses its place, if the queue is full.
        """
        if self.full:
            newest = self._longest()[-1]
            self.leave(newest)
            newest.set_exception(lost)
        self._lines.setdefault(caller, deque()).append(turn)
        self._length += 1

    def take(self) -> Turn:
        """Remove the request whose turn it is, and return its future. The queue must not be empty."""
        caller, line = next(iter(self._lines.items()))
        turn = line.popleft()
        self._length -= 1
        del self._lines[caller]
        if line:
            self._lines[caller] = line  # a new key, so the line is now behind the others
        return turn

    def leave(self, turn: Turn) -> None:
        """Remove a request, wherever it waits."""
        caller, line = next((caller, line) for caller, line in self._lines.items() if turn in line)
        line.remove(turn)
        self._length -= 1
        if not line:
            del self._lines[caller]

    def _may_displace(self, caller: str) -> bool:
        return bool(self._lines) and len(self._longest()) > len(self._lines.get(caller, ())) + 1

    def _longest(self) -> deque[Turn]:
        return max(self._lines.values(), key=len)
