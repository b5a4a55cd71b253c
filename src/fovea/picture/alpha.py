"""Lossless coding of the alpha plane.

A constant plane is one byte. Any other plane is a zlib stream of rows. Each row starts with the number of its filter
and holds differences modulo 256: filter 0 (none) keeps the bytes, filter 1 (sub) subtracts the byte on the left, and
filter 2 (up) subtracts the byte above. The filters are three of those of PNG (W3C, "Portable Network Graphics (PNG)
Specification", chapter "Filtering").
"""

import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fovea.errors import BitstreamError

_NONE, _SUB, _UP = range(3)
_CHUNK_BYTES = 2**22


def encode_alpha(alpha: NDArray[np.uint8]) -> bytes:
    r"""Encode an alpha plane without loss.

    Args:
        alpha: uint8 [H, W], 0 (transparent) to 255 (opaque).

    Returns:
        One byte for a constant plane, otherwise a zlib stream.

    Example:
        >>> encode_alpha(np.full((1000, 1000), 255, np.uint8))
        b'\xff'
    """
    first = alpha[0, 0]
    if (alpha == first).all():
        return bytes([first])
    compressor = zlib.compressobj()
    above = np.zeros((1, alpha.shape[1]), np.uint8)
    parts = []
    for rows in _row_chunks(*alpha.shape):
        parts.append(compressor.compress(_filtered(alpha[rows], above)))
        above = alpha[rows][-1:]
    return b"".join([*parts, compressor.flush()])


def decode_alpha(data: bytes, height: int, width: int) -> NDArray[np.uint8]:
    """Decode an alpha plane that :func:`encode_alpha` encoded. The size of the plane bounds the memory for any data.

    Args:
        data: encoded plane.
        height: number of rows of the plane.
        width: number of columns of the plane.

    Returns:
        The plane, uint8 [H, W].

    Raises:
        BitstreamError: the data are damaged, or hold a plane of another size.
    """
    if len(data) == 1:
        return np.full((height, width), data[0], np.uint8)
    alpha = np.empty((height, width), np.uint8)
    decompressor = zlib.decompressobj()
    above = np.zeros(width, np.uint8)
    try:
        for rows in _row_chunks(height, width):
            size = (rows.stop - rows.start) * (width + 1)
            chunk = decompressor.decompress(data, size)
            data = decompressor.unconsumed_tail
            if len(chunk) < size:
                raise BitstreamError("the alpha plane ends too early")
            filtered = np.frombuffer(chunk, np.uint8).reshape(-1, width + 1)
            for row, target in zip(filtered, alpha[rows], strict=True):
                _unfilter(row, above, target)
                above = target
        # Asking for one more byte reads the end of the stream and its checksum, or shows that the plane is larger.
        surplus = decompressor.decompress(data, 1)
    except zlib.error as error:
        raise BitstreamError(f"the alpha plane cannot be decompressed ({error})") from error
    if surplus or decompressor.unused_data or not decompressor.eof:
        raise BitstreamError("the alpha plane does not have the size of the picture")
    return alpha


def _row_chunks(height: int, width: int) -> Iterator[slice]:
    """Return slices of rows that hold a few megabytes each."""
    rows = max(1, _CHUNK_BYTES // (width + 1))
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))


def _filtered(rows: NDArray[np.uint8], above: NDArray[np.uint8]) -> bytes:
    """Return rows [n, W] as filtered bytes, each row after the number of its best filter.

    ``above`` is the row [1, W] above the first one.
    """
    sub = rows.copy()
    sub[:, 1:] -= rows[:, :-1]
    up = rows - np.concatenate([above, rows[:-1]])
    candidates = (rows, sub, up)
    # The filter with the smallest sum of absolute differences usually compresses best. The PNG specification recommends
    # this heuristic in its section on filter selection.
    costs = [np.abs(candidate.view(np.int8).astype(np.int16)).sum(axis=1) for candidate in candidates]
    choice = np.argmin(costs, axis=0)
    lines = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    lines[:, 0] = choice
    for kind, candidate in enumerate(candidates):
        lines[choice == kind, 1:] = candidate[choice == kind]
    return lines.tobytes()


def _unfilter(row: NDArray[np.uint8], above: NDArray[np.uint8], target: NDArray[np.uint8]) -> None:
    kind, values = row[0], row[1:]
    if kind == _NONE:
        target[:] = values
    elif kind == _SUB:
        np.cumsum(values, dtype=np.uint8, out=target)
    elif kind == _UP:
        np.add(values, above, out=target)
    else:
        raise BitstreamError(f"the alpha plane has a row with the unknown filter {kind}")
