"""Which values of a latent are decoded in which coding step. Each step knows what the steps before it decoded."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fovea.spec import HYPER_RATIO, checkerboard, square_places

Array = NDArray[Any]


class Steps(Protocol):
    """Splits arrays of the shape of a latent, [1, channels, h, w], into a part for each step, and joins the parts."""

    def split(self, array: Array, fill: int = 0) -> tuple[Array, ...]:
        """Return the part that each step works on, which may hold values of other steps.

        Args:
            array: [1, channels, h, w].
            fill: value of positions beyond the edges of the array, if the parts have such positions.
        """

    def decoded_in(self, number: int, part: Array) -> Array:
        """Return a part with 0 in place of all values that step ``number`` does not decode."""

    def join(self, parts: list[Array]) -> Array:
        """Return the whole array, [1, channels, h, w], with the values that each step decodes."""


class Checkerboard:
    """Two steps, on the two colors of a :func:`fovea.spec.checkerboard`.

    Args:
        shape: shape of the latent, [1, channels, h, w].

    Example:
        >>> board = Checkerboard((1, 2, 1, 3))
        >>> board.decoded_in(0, np.ones((1, 2, 1, 3), int))[0, :, 0]
        array([[0, 1, 0],
               [1, 0, 1]])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._first = checkerboard(*shape[1:])[None]

    def split(self, array: Array, fill: int = 0) -> tuple[Array, ...]:
        """See :class:`Steps`: each step works on the whole array, and no position is beyond its edges."""
        return array, array

    def decoded_in(self, number: int, part: Array) -> Array:
        """See :class:`Steps`."""
        return np.where(self._first == (number == 0), part, part.dtype.type(0))

    def join(self, parts: list[Array]) -> Array:
        """See :class:`Steps`."""
        return np.where(self._first, *parts)


class Squares:
    """Four steps: each decodes one position of every square of 2×2, see :func:`fovea.spec.square_places`.

    Parts are as large as the positions of z require, so the last squares may reach beyond the edges of the latent.

    Args:
        shape: shape of the latent, [1, channels, h, w].

    Example:
        >>> Squares((1, 1, 4, 4)).split(np.arange(16).reshape(1, 1, 4, 4))[1][0, 0]
        array([[ 5,  7],
               [13, 15]])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        _, self._channels, self._height, self._width = shape
        self._places = square_places(self._channels)

    def split(self, array: Array, fill: int = 0) -> tuple[Array, ...]:
        """See :class:`Steps`: each step works on the quarter that it decodes, [1, channels, ⌈h/4⌉·2, ⌈w/4⌉·2]."""
        padding = [(0, 0), *((0, -side % HYPER_RATIO) for side in array.shape[2:])]
        whole = np.pad(array[0], padding, constant_values=fill)
        rows, columns = whole.shape[1] // 2, whole.shape[2] // 2
        squares = whole.reshape(self._channels, rows, 2, columns, 2).transpose(0, 2, 4, 1, 3)
        positions = squares.reshape(-1, rows, columns)
        return tuple(positions[places][None] for places in self._places)

    def decoded_in(self, number: int, part: Array) -> Array:
        """See :class:`Steps`: the step decodes all of the part."""
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
