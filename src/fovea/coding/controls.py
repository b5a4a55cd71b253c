"""The controls of the networks of a model: the quality, and for some models the background."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fovea.spec import HIGHEST_BACKGROUND


class Controls(NamedTuple):
    """The controls of the networks.

    Attributes:
        quality: 0 (smallest file) to 100 (best picture).
        background: how much an error outside of objects counts, 0 (least) to 100 (as much as inside); None for a model
            that has no such control.
    """

    quality: int
    background: int | None = None

    @property
    def same_weight_everywhere(self) -> bool:
        """Whether an error counts the same inside and outside of objects, so that no map of the objects is needed."""
        return self.background == HIGHEST_BACKGROUND

    @property
    def place(self) -> tuple[int, ...]:
        """The index of the controls in a table with one axis for each control."""
        return (self.quality,) if self.background is None else (self.quality, self.background)

    def as_input(self) -> NDArray[np.int64]:
        """Return the controls as the networks take them: int64 [1] or [1, 2].

        Example:
            >>> Controls(30).as_input(), Controls(30, 50).as_input()
            (array([30]), array([[30, 50]]))
        """
        numbers = [self.quality] if self.background is None else [[self.quality, self.background]]
        return np.array(numbers, np.int64)
