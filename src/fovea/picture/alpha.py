"""Lossless coding of the alpha plane.

One byte is a constant plane. Anything longer is a zlib stream of the rows, each led by its filter (0 none,
1 sub, 2 up, as in PNG) and holding differences modulo 256 to the byte on the left or above.
"""

import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fovea.errors import BitstreamError

_NONE, _SUB, _UP = range(3)
_CHUNK_BYTES = 2**22


def encode_alpha(alpha: NDArray[np.uint8]) -> bytes:
    r"""Code an alpha plane without loss.

    Args:
        alpha: uint8 [H, W], 0 (transparent) to 255 (opaque).

    Returns:
        A single byte for a constant plane, else a zlib stream.

    Example:
        >>> encode_alpha(np.full((1000, 1000), 255, np.uint8))
        b'\xff'
    """
    first = alpha[0, 0]
    if (alpha == first).all():
        return bytes([first])
    packer = zlib.compressobj()
    above = np.zeros((1, alpha.shape[1]), np.uint8)
    parts = []
    for rows in _row_chunks(*alpha.shape):
        parts.append(packer.compress(_filtered(alpha[rows], above)))
        above = alpha[rows][-1:]
    return b"".join([*parts, packer.flush()])


def decode_alpha(data: bytes, height: int, width: int) -> NDArray[np.uint8]:
    """Decode what :func:`encode_alpha` wrote. Memory is bounded by the size of the plane, whatever the data.

    Args:
        data: The coded plane.
        height: Rows of the plane.
        width: Columns of the plane.

    Returns:
        uint8 [H, W].

    Raises:
        BitstreamError: The data are damaged, or hold a plane of another size.
    """
    if len(data) == 1:
        return np.full((height, width), data[0], np.uint8)
    alpha = np.empty((height, width), np.uint8)
    unpacker = zlib.decompressobj()
    above = np.zeros(width, np.uint8)
    try:
        for rows in _row_chunks(height, width):
            size = (rows.stop - rows.start) * (width + 1)
            chunk = unpacker.decompress(data, size)
            data = unpacker.unconsumed_tail
            if len(chunk) < size:
                raise BitstreamError("the alpha plane ends too early")
            filtered = np.frombuffer(chunk, np.uint8).reshape(-1, width + 1)
            for row, target in zip(filtered, alpha[rows], strict=True):
                _unfilter(row, above, target)
                above = target
        # One byte more brings in the end of the stream and its checksum, or shows that the plane is larger.
        surplus = unpacker.decompress(data, 1)
    except zlib.error as error:
        raise BitstreamError(f"the alpha plane cannot be decompressed ({error})") from error
    if surplus or unpacker.unused_data or not unpacker.eof:
        raise BitstreamError("the alpha plane does not have the size of the picture")
    return alpha


def _row_chunks(height: int, width: int) -> Iterator[slice]:
    """Slices of rows that hold a few megabytes each."""
    rows = max(1, _CHUNK_BYTES // (width + 1))
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))


def _filtered(rows: NDArray[np.uint8], above: NDArray[np.uint8]) -> bytes:
    """Rows [n, W], each under the filter that leaves least, and led by it; ``above`` is the row before."""
    sub = rows.copy()
    sub[:, 1:] -= rows[:, :-1]
    up = rows - np.concatenate([above, rows[:-1]])
    candidates = (rows, sub, up)
    # The least sum of differences mostly compresses best: the heuristic of PNG encoders.
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
        raise BitstreamError(f"the alpha plane has a row of unknown kind {kind}")
