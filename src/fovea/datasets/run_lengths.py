"""Run-length codes of masks, checked before they come to pycocotools, whose C code trusts them.

A code lists how many pixels are off, then on, then off, and so on, down the columns. COCO compresses it to text: from
the fourth on, each number is told as the difference to the one before the last. A number is written in groups of five
bits, the lowest first, one letter a group; a sixth bit of the letter says that another group follows.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FIRST, _GROUP, _MORE = ord("0"), 31, 32
_ENDS = {bytes([_FIRST + group]) for group in range(_MORE)}
_LONGEST = 6
"""Groups of a number: 30 bits hold the differences between all runs of the largest image."""
_AT_ONCE = 4096


def first_damaged(codes: Sequence[bytes], sizes: Sequence[int]) -> int | None:
    """Finds the first compressed code that does not fill its image exactly.

    Args:
        codes: compressed counts.
        sizes: pixels of the image of each, at least 1.

    Returns:
        Its index; None where all are sound.

    Example:
        >>> first_damaged([b"32", b"4"], [5, 5])
        1
    """
    for start in range(0, len(codes), _AT_ONCE):
        # What does not end with the end of a number is none. It is taken as no pixels, which fill no image.
        ended = [code if code[-1:] in _ENDS else b"0" for code in codes[start : start + _AT_ONCE]]
        sound = _filled(ended) == sizes[start : start + _AT_ONCE]
        if not sound.all():
            return start + int(sound.argmin())
    return None


def _filled(codes: Sequence[bytes]) -> NDArray[np.int64]:
    """How many pixels each code fills; -1 where it is damaged. Thousands of codes in a few steps of NumPy."""
    letters = np.frombuffer(b"".join(codes), np.uint8) - np.uint8(_FIRST)
    last = np.flatnonzero((letters & _MORE) == 0)
    numbers, unreadable = _numbers(letters, last)
    ends = np.searchsorted(last, np.cumsum([len(code) for code in codes]))
    many = np.diff(ends, prepend=0)
    # Two numbers a row, each code from a row of its own: so a column holds the numbers that are told as differences.
    rows = (many + 1) // 2
    first = np.cumsum(rows) - rows
    told = np.zeros((rows.sum(), 2), np.int64)
    told.reshape(-1)[np.arange(len(numbers)) + np.repeat(2 * first - (ends - many), many)] = numbers
    runs = told.cumsum(axis=0)
    # The first of the runs is told by itself, and no later one as the difference to it.
    runs -= np.repeat(np.stack([runs[first, 0], runs[first, 1] - told[first, 1]], axis=1), rows, axis=0)
    runs[first, 0] = told[first, 0]
    runs[(first + rows - 1)[many % 2 == 1], 1] = 0
    filled = np.add.reduceat(runs[:, 0] + runs[:, 1], first)
    filled[np.minimum.reduceat(np.minimum(runs[:, 0], runs[:, 1]), first) < 0] = -1
    filled[np.searchsorted(ends, unreadable, "right")] = -1
    return filled


def _numbers(letters: NDArray[np.uint8], last: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """The numbers that end at these letters, and the indices of those that are none."""
    groups = np.diff(last, prepend=-1)
    numbers = ((letters[last] & _GROUP) ^ 16).astype(np.int64) - 16  # the highest bit is the sign
    for back in range(1, min(int(groups.max()), _LONGEST)):
        longer = np.flatnonzero(groups > back)
        numbers[longer] = (numbers[longer] << 5) | (letters[last[longer] - back] & _GROUP)
    unknown = np.searchsorted(last, np.flatnonzero(letters > (_GROUP | _MORE)))
    return numbers, np.concatenate([unknown, np.flatnonzero(groups > _LONGEST)])
