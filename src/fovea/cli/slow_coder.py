"""A note for those who code much with the slow entropy coder, because the compiled one cannot be loaded."""

import threading

from fovea import entropy
from fovea.cli.streams import one_line, tell
from fovea.distribution import REINSTALL

_MANY = 1_000_000  # pixels; fewer take no time to speak of


class SlowCoderNote:
    """Prints the reason and the remedy on the standard error, once, as soon as there are many pixels to code."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pixels = 0

    def count(self, pixels: int) -> None:
        """Note that a picture is going to be coded.

        Args:
            pixels: of the picture.
        """
        with self._lock:
            before, self._pixels = self._pixels, self._pixels + pixels
        if entropy.MISSING and before <= _MANY < self._pixels:
            tell(
                "fovea: the entropy coder in Python is in use, and is slow: the compiled one cannot be loaded"
                f" ({one_line(entropy.MISSING)}). Where there is a C compiler, this builds it: {REINSTALL}"
            )
