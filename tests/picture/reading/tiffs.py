"""Making TIFF files of every kind from their samples."""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLIPPED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_TYPES = {3: "H", 4: "I"}


def lzw(data: bytes) -> bytes:
    """Return LZW data of literal codes only. The table is cleared before a code would need ten bits."""
    codes = [code for start in range(0, len(data), 250) for code in (256, *data[start : start + 250])]
    bits = "".join(f"{code:09b}" for code in (*codes, 257))
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def packbits(data: bytes) -> bytes:
    """Return PackBits data of literal runs only."""
    pieces = (data[start : start + 128] for start in range(0, len(data), 128))
    return b"".join(bytes([len(piece) - 1]) + piece for piece in pieces)


COMPRESSIONS: Mapping[int, Callable[[bytes], bytes]] = {1: bytes, 5: lzw, 8: zlib.compress, 32773: packbits}


def tiff(
    samples: NDArray[Any],
    photometric: int,
    bits: int | None = None,
    *,
    order: str = "<",
    planar: int = 1,
    compression: int = 1,
    predictor: int = 1,
    fill: int = 1,
    tile: int | None = None,
    rows: int | None = None,
    extra: Sequence[int] = (),
    kind: int = 1,
    tags: Mapping[int, Sequence[int]] = {},
) -> bytes:
    """Return a TIFF file of one page.

    Args:
        samples: samples, [H, W] or [H, W, channels].
        photometric: photometric interpretation.
        bits: bits of a sample, if they are fewer than those of its type.
        order: byte order, ``<`` or ``>``.
        planar: 1 for interleaved samples, 2 for separate planes.
        compression: one of ``COMPRESSIONS``.
        predictor: 1 for none, 2 for differences, 3 for differences of floating-point numbers.
        fill: 1 for the highest bit of a byte first, 2 for the lowest bit first.
        tile: side of a tile; None for strips.
        rows: rows of a strip; None for one strip.
        extra: meaning of the channels after the colors.
        kind: sample format: 1 unsigned, 2 signed, 3 floating point.
        tags: other tags with 16-bit values.
    """
    samples = samples.reshape(*samples.shape[:2], -1)
    height, width, channels = samples.shape
    depth = bits or 8 * samples.itemsize
    planes = [samples] if planar == 1 else [samples[..., [channel]] for channel in range(channels)]
    parts = []
    for plane in planes:
        for part in _tiles(plane, tile) if tile else _strips(plane, rows or height):
            data = COMPRESSIONS[compression](_packed(_predicted(part, predictor), depth, order))
            parts.append(data.translate(FLIPPED) if fill == 2 else data)

    fields: dict[int, tuple[int, Sequence[int]]] = {tag: (3, values) for tag, values in tags.items()}
    shorts = {256: [width], 257: [height], 258: [depth] * channels, 259: [compression], 262: [photometric]}
    shorts |= {277: [channels], 284: [planar], 266: [fill], 317: [predictor], 339: [kind] * channels}
    shorts |= {322: [tile], 323: [tile]} if tile else {278: [rows or height]}
    shorts |= {338: list(extra)} if extra else {}
    fields |= {tag: (3, values) for tag, values in shorts.items()}
    offsets, counts = (324, 325) if tile else (273, 279)
    fields[counts] = (4, [len(part) for part in parts])
    fields[offsets] = (4, [0] * len(parts))
    start = 8 + len(_directory(fields, order, 8))
    fields[offsets] = (4, [start + sum(map(len, parts[:number])) for number in range(len(parts))])
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    return head + _directory(fields, order, 8) + b"".join(parts)


def _tiles(plane: NDArray[Any], side: int) -> Iterator[NDArray[Any]]:
    for top in range(0, plane.shape[0], side):
        for left in range(0, plane.shape[1], side):
            part = plane[top : top + side, left : left + side]
            yield np.pad(part, ((0, side - part.shape[0]), (0, side - part.shape[1]), (0, 0)))


def _strips(plane: NDArray[Any], rows: int) -> Iterator[NDArray[Any]]:
    return (plane[top : top + rows] for top in range(0, plane.shape[0], rows))


def _predicted(part: NDArray[Any], predictor: int) -> NDArray[Any]:
    """Return the differences [h, w, channels], or bytes [h, n] for floating-point numbers."""
    if predictor == 1:
        return part
    if predictor == 2:
        return np.concatenate([part[:, :1], part[:, 1:] - part[:, :-1]], axis=1)
    height, width, channels = part.shape
    each = part.astype(part.dtype.newbyteorder(">")).view(np.uint8).reshape(height, width * channels, -1)
    planes = each.transpose(0, 2, 1).reshape(height, -1)  # all highest bytes first
    return np.concatenate([planes[:, :channels], planes[:, channels:] - planes[:, :-channels]], axis=1)


def _packed(part: NDArray[Any], bits: int, order: str) -> bytes:
    lines = part.reshape(len(part), -1)
    if bits == 8 * part.itemsize or (part.dtype == np.uint8 and bits > 8):
        return lines.astype(lines.dtype.newbyteorder(order)).tobytes()
    single = lines[..., np.newaxis] >> np.arange(bits - 1, -1, -1) & 1
    return np.packbits(single.reshape(len(part), -1).astype(np.uint8), axis=1).tobytes()


def _directory(fields: Mapping[int, tuple[int, Sequence[int]]], order: str, start: int) -> bytes:
    table, beyond = struct.pack(f"{order}H", len(fields)), b""
    place = start + 2 + 12 * len(fields) + 4
    for tag, (kind, values) in sorted(fields.items()):
        data = struct.pack(f"{order}{len(values)}{_TYPES[kind]}", *values)
        table += struct.pack(f"{order}HHI", tag, kind, len(values))
        if len(data) <= 4:
            table += data.ljust(4, b"\0")
        else:
            table += struct.pack(f"{order}I", place + len(beyond))
            beyond += data + bytes(len(data) % 2)
    return table + bytes(4) + beyond
