"""The search for the quality that makes a file of a given size."""

from collections.abc import Callable

from fovea.errors import ImageError
from fovea.spec import HIGHEST_QUALITY

_DIP = 0.05
"""Share of its size by which a file can be smaller than a file of a lower quality."""
_TINY = 1000
"""Size in bytes below which files can be smaller than files of a lower quality by any share."""


def largest_fitting(encode: Callable[[int], bytes], size: int) -> bytes:
    """Return the file of the highest quality that is no larger than wanted.

    Files grow with the quality, though not from each quality to the next. Bisection finds a quality that fits below one
    that does not fit. Higher qualities are then tried, until a file is so large that no file above it is expected to
    fit. For the smallest sizes nothing can be expected, and they are tried from the highest quality down.

    Args:
        encode: function that returns the file of a quality, 0 to 100.
        size: largest file, in bytes.

    Raises:
        ImageError: no file is small enough. The message gives the size of the smallest file that was tried.

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

    low, high = 0, HIGHEST_QUALITY
    while low <= high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if fits(middle) else (low, middle - 1)

    if size < _TINY:
        for quality in range(HIGHEST_QUALITY, high, -1):
            if quality not in sizes and fits(quality):
                break
    else:
        for quality in range(high + 1, HIGHEST_QUALITY + 1):
            if quality not in sizes:
                fits(quality)
            if sizes[quality] * (1 - _DIP) > size:
                break
    if not best:
        smallest = min(sizes.values())
        raise ImageError(f"no file has at most {size} bytes, as asked for: the smallest that was tried has {smallest}")
    return best
