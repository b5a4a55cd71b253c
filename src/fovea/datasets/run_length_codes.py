"""Checks of compressed run-length codes. They come before pycocotools, whose C code trusts the codes.

A run-length code lists how many pixels of a mask are off, then on, then off, and so on, down the columns. COCO
compresses the list to text (``rleToString`` in ``maskApi.c`` of https://github.com/cocodataset/cocoapi): from the
fourth number on, each is written as its difference to the number two places before it. A number is written in groups
of five bits, the lowest group first, one letter for each group; a sixth bit of the letter says that another group
follows.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FIRST, _GROUP, _MORE = ord("0"), 31, 32
_ENDS = {bytes([_FIRST + group]) for group in range(_MORE)}
_LONGEST = 6
"""Largest number of groups: 30 bits hold the differences between all runs of the largest image."""
_BATCH = 256
"""Number of codes that are checked together: the arrays of many more do not fit into the cache of a processor."""


def first_damaged(codes: Sequence[bytes], sizes: Sequence[int]) -> int | None:
    """Find the first compressed code that does not fill its image exactly.

    Args:
        codes: compressed counts.
        sizes: number of pixels of the image of each code, at least 1.

    Returns:
        The index of the code; None where all codes are sound.

    Example:
        >>> first_damaged([b"32", b"4"], [5, 5])
        1
    """
    for start in range(0, len(codes), _BATCH):
        # A code has to end with the last group of a number. Any other becomes a code of no pixels, which fits no image.
        ended = [code if code[-1:] in _ENDS else b"0" for code in codes[start : start + _BATCH]]
        sound = _filled(ended) == sizes[start : start + _BATCH]
        if not sound.all():
            return start + int(sound.argmin())
    return None


def _filled(codes: Sequence[bytes]) -> NDArray[np.int64]:
    """Return how many pixels each code fills, or -1 where it is damaged: hundreds of codes in a few NumPy calls."""
    letters = np.frombuffer(b"".join(codes), np.uint8) - np.uint8(_FIRST)
    last = np.flatnonzero((letters & _MORE) == 0)
    numbers, unreadable = _numbers(letters, last)
    ends = np.searchsorted(last, np.cumsum([len(code) for code in codes]))
    many = np.diff(ends, prepend=0)
    # Two numbers in a row, and each code starts a new row: so each column holds numbers that differ by what is written.
    rows = (many + 1) // 2
    first = np.cumsum(rows) - rows
    written = np.zeros((rows.sum(), 2), np.int64)
    written.reshape(-1)[np.arange(len(numbers)) + np.repeat(2 * first - (ends - many), many)] = numbers
    runs = written.cumsum(axis=0)
    # The first number of a code is written as it is, and no later number as the difference to it.
    runs -= np.repeat(np.stack([runs[first, 0], runs[first, 1] - written[first, 1]], axis=1), rows, axis=0)
    runs[first, 0] = written[first, 0]
    runs[(first + rows - 1)[many % 2 == 1], 1] = 0
    filled = np.add.reduceat(runs[:, 0] + runs[:, 1], first)
    filled[np.minimum.reduceat(np.minimum(runs[:, 0], runs[:, 1]), first) < 0] = -1
    filled[np.searchsorted(ends, unreadable, "right")] = -1
    return filled


def _numbers(letters: NDArray[np.uint8], last: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Return the numbers that end at these letters, and the indices of the numbers that cannot be read."""
    groups = np.diff(last, prepend=-1)
    numbers = ((letters[last] & _GROUP) ^ 16).astype(np.int64) - 16  # the highest bit is the sign
    for back in range(1, min(int(groups.max()), _LONGEST)):
        longer = np.flatnonzero(groups > back)
        numbers[longer] = (numbers[longer] << 5) | (letters[last[longer] - back] & _GROUP)
    unknown = np.searchsorted(last, np.flatnonzero(letters > (_GROUP | _MORE)))
    return numbers, np.concatenate([unknown, np.flatnonzero(groups > _LONGEST)])
