"""Which values of a latent are decoded in which step, each step having seen what came before."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fovea.spec import HYPER_RATIO, checkerboard, square_places

Array = NDArray[Any]


class Steps(Protocol):
    """Takes arrays of the shape of a latent, [1, channels, h, w], apart, and puts them together again."""

    def split(self, array: Array, beyond: int = 0) -> tuple[Array, ...]:
        """What each step works on, though it may not decode all of it; ``beyond`` is what follows the edges."""

    def told(self, number: int, part: Array) -> Array:
        """Of a part, what was decoded in step ``number``; that is what the next step is told. 0 elsewhere."""

    def join(self, parts: list[Array]) -> Array:
        """The whole of the parts of all steps."""


class Checkerboard:
    """Two steps, on the two colors of a :func:`fovea.spec.checkerboard`.

    Args:
        shape: of the latent.

    Example:
        >>> board = Checkerboard((1, 2, 1, 3))
        >>> board.told(0, np.ones((1, 2, 1, 3), int))[0, :, 0]
        array([[0, 1, 0],
               [1, 0, 1]])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._first = checkerboard(*shape[1:])[None]

    def split(self, array: Array, beyond: int = 0) -> tuple[Array, ...]:
        """See :class:`Steps`: each works on the whole, and nothing follows its edges."""
        return array, array

    def told(self, number: int, part: Array) -> Array:
        """See :class:`Steps`."""
        return np.where(self._first == (number == 0), part, part.dtype.type(0))

    def join(self, parts: list[Array]) -> Array:
        """See :class:`Steps`."""
        return np.where(self._first, *parts)


class Squares:
    """Four steps: each decodes one position of every square of 2×2, see :func:`fovea.spec.square_places`.

    Squares are whole: as many as those of the positions that z covers.

    Args:
        shape: of the latent.

    Example:
        >>> Squares((1, 1, 4, 4)).split(np.arange(16).reshape(1, 1, 4, 4))[1][0, 0]
        array([[ 5,  7],
               [13, 15]])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        _, self._channels, self._height, self._width = shape
        self._places = square_places(self._channels)

    def split(self, array: Array, beyond: int = 0) -> tuple[Array, ...]:
        """See :class:`Steps`: each works on a quarter, [1, channels, ⌈h/4⌉·2, ⌈w/4⌉·2]."""
        padding = [(0, 0), *((0, -side % HYPER_RATIO) for side in array.shape[2:])]
        whole = np.pad(array[0], padding, constant_values=beyond)
        rows, columns = whole.shape[1] // 2, whole.shape[2] // 2
        squares = whole.reshape(self._channels, rows, 2, columns, 2).transpose(0, 2, 4, 1, 3)
        positions = squares.reshape(-1, rows, columns)
        return tuple(positions[places][None] for places in self._places)

    def told(self, number: int, part: Array) -> Array:
        """See :class:`Steps`: all of the part."""
        return part

    def join(self, parts: list[Array]) -> Array:
        """See :class:`Steps`."""
        rows, columns = parts[0].shape[2:]
        positions = np.empty((4 * self._channels, rows, columns), parts[0].dtype)
        for places, part in zip(self._places, parts, strict=True):
            positions[places] = part[0]
        squares = positions.reshape(self._channels, 2, 2, rows, columns).transpose(0, 3, 1, 4, 2)
        whole = squares.reshape(1, self._channels, 2 * rows, 2 * columns)
        return np.ascontiguousarray(whole[:, :, : self._height, : self._width])
