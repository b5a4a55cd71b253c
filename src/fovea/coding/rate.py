"""The search for the quality that makes a file of a given size."""

from collections.abc import Callable

from fovea.errors import ImageError
from fovea.spec import HIGHEST_QUALITY

# By what share a file may be smaller than one of lower quality; of files of fewer bytes that says nothing.
_DIP = 0.05
_TINY = 1000


def largest_fitting(encode: Callable[[int], bytes], size: int) -> bytes:
    """The file of the highest quality that is no larger than wanted.

    Files grow with the quality, though not at every step. Bisection finds a quality that fits below one that does not.
    Qualities above it are then tried until a file is so large that none above it is expected to fit; for the smallest
    files, from the highest quality down.

    Args:
        encode: gives the file of a quality, 0 to 100.
        size: largest file, in bytes.

    Returns:
        The file.

    Raises:
        ImageError: no file is small enough; the message says how small the smallest is that was tried.

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
