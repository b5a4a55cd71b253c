"""The search for the quality that makes a file of a given size."""

from collections.abc import Callable

from fovea.errors import ImageError

HIGHEST = 100
# By how much a file may be smaller than one of lower quality.
_DIP = 0.05
_DIP_BYTES = 64


def largest_fitting(encode: Callable[[int], bytes], size: int) -> bytes:
    """The file of the highest quality that is no larger than wanted.

    Files grow with the quality, though not at every step. Bisection finds a quality that fits below one that does not.
    Qualities above it are then tried until a file is so large that none above it is expected to fit.

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

    low, high = 0, HIGHEST
    while low <= high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if fits(middle) else (low, middle - 1)

    for quality in range(high + 1, HIGHEST + 1):
        if quality not in sizes:
            fits(quality)
        if sizes[quality] * (1 - _DIP) - _DIP_BYTES > size:
            break
    if not best:
        smallest = min(sizes.values())
        raise ImageError(f"no file has at most {size} bytes, as asked for: the smallest that was tried has {smallest}")
    return best
