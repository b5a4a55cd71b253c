"""How long a message may take to arrive, and when a destination that has failed is tried again."""

from collections.abc import Callable

from fovea.camera.frames import Clock

ARRIVAL_S = 10.0
"""Seconds after which a message counts as lost."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1, 30
"""First and longest pause after a failure, in seconds. The pause doubles with each failure in a row."""

Note = Callable[[str], None]
"""Function that takes a line for the user, for example that the connection is broken."""


class Retry:
    """The pauses of a destination after failures. The user is told once of the first failure, and once of its end.

    Args:
        name: address of the destination.
        note: function that takes lines for the user.
        clock: clock by which pauses are measured.

    Attributes:
        due: time of the clock from which the destination is tried again.
    """

    def __init__(self, name: str, note: Note, clock: Clock) -> None:
        self._name, self._note, self._clock = name, note, clock
        self._pause, self.due = 0.0, clock.now()

    def ready(self) -> bool:
        """Return whether the pause after the last failure is over."""
        return self._clock.now() >= self.due

    def fail(self, reason: str) -> None:
        """Begin a pause."""
        if not self._pause:
            self._note(f"{self._name}: {reason}; frames are skipped until it works again")
        self._pause = min(max(FIRST_PAUSE_S, 2 * self._pause), LONGEST_PAUSE_S)
        self.due = self._clock.now() + self._pause

    def succeed(self) -> None:
        """Note that a message has arrived."""
        if self._pause:
            self._note(f"{self._name} works again")
        self._pause = 0.0
