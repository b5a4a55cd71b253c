"""JPEG files without their end marker."""

import io
import re
from typing import Any

import numpy as np
from PIL import Image, JpegImagePlugin

_END = b"\xff\xd9"
# Markers with a segment, and the end marker. Stuffed bytes, restart markers and fill bytes are left out.
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd9-\xfe])")
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COEFFICIENTS = 64
_RESTARTS = [bytes([0xFF, code]) for code in range(0xD0, 0xD8)]
# Different continuations of coded data. Each repeats other bits, and contains every restart marker that may be next.
_CONTINUATIONS = [
    b"".join(512 * bits + restart for restart in 2 * _RESTARTS) for bits in (b"\0", b"\x55", b"\xaa", b"\xff\0")
]


def load_jpeg(image: Any) -> Image.Image:
    """Load a JPEG image. Only the end marker, or bytes that do not change the pixels, may be missing from the file.

    Args:
        image: image that Pillow opened.

    Returns:
        The image; another one if the end marker was missing.

    Raises:
        OSError: the file is damaged or incomplete.
    """
    try:
        image.load()
    except OSError as error:
        if "truncated" not in str(error) or image.fp is None or image.tell() != 0:
            raise
        image.fp.seek(0)
        if (completed := _completed(image.fp.read())) is None:
            raise
        return completed
    return image  # type: ignore[no-any-return]


def _completed(data: bytes) -> Image.Image | None:
    """Return the image in a file without its end marker; None if pixels are missing."""
    data = data.rstrip(b"\xff")
    if not _has_all_scans(data):
        return None
    # A decoder takes missing pixels from the bytes that follow. If all continuations give the same image, no pixels are
    # missing.
    candidates = (JpegImagePlugin.JpegImageFile(io.BytesIO(data + bits + _END)) for bits in _CONTINUATIONS)
    first, *others = candidates
    return first if all(np.array_equal(np.asarray(first), np.asarray(other)) for other in others) else None


def _has_all_scans(data: bytes) -> bool:
    """Return whether the scans contain the lowest bit of each coefficient. A progressive file has several scans."""
    missing: set[tuple[int, int]] = set()
    position = 2
    while (marker := _MARKER.search(data, position)) and (code := marker[1][0]) != _END_OF_IMAGE:
        start = marker.end()
        position = start + int.from_bytes(data[start : start + 2], "big")
        segment = data[start + 2 : position]
        if code in _FRAMES:
            missing = {(component, index) for component in segment[6::3] for index in range(_COEFFICIENTS)}
        elif code == _START_OF_SCAN and len(segment) > 5:
            first, last, bits = segment[-3:]
            if bits & 15 == 0:
                missing -= {(component, index) for component in segment[1:-3:2] for index in range(first, last + 1)}
    return not missing
