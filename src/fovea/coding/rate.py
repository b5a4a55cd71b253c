"""The search for the quality that makes a file of a given size."""

from bisect import bisect
from collections.abc import Callable

from fovea.errors import ImageError

HIGHEST = 100
# How much smaller than a file of lower quality a file may be.
_DIP = 0.05
_DIP_BYTES = 64


def largest_fitting(encode: Callable[[int], bytes], size: int) -> bytes:
    """The file of the highest quality that is no larger than wanted.

    Bisection finds a quality that fits below one that does not. Qualities above it are then tried from the highest
    down, but for those between two files that are so large that no file between them is expected to fit.

    Args:
        encode: gives the file of a quality, 0 to 100.
        size: largest file, in bytes.

    Returns:
        The file.

    Raises:
        ImageError: no file is small enough; the message says how small the smallest is.

    Example:
        >>> len(largest_fitting(lambda quality: bytes(40 + 10 * quality), size=300))
        300
    """
    sizes: dict[int, int] = {}
    best = b""

    def fits(quality: int) -> bool:
        nonlocal best
        data = encode(quality)
        sizes[quality] = len(data)
        if len(data) <= size:
            best = data
        return len(data) <= size

    low, high = 0, HIGHEST
    while low <= high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if fits(middle) else (low, middle - 1)

    for quality in range(HIGHEST, high, -1):
        tried = sorted(sizes)
        place = bisect(tried, quality)
        beside = min(sizes[q] for q in tried[max(0, place - 1) : place + 1])
        if quality not in sizes and beside * (1 - _DIP) - _DIP_BYTES <= size and fits(quality):
            break
    if not best:
        raise ImageError(f"even the smallest file, of {min(sizes.values())} bytes, is larger than the {size} asked for")
    return best
