"""JPEG files that lack their end."""

import io
import re
from typing import Any

import numpy as np
from PIL import Image, JpegImagePlugin

_END = b"\xff\xd9"
# Markers that have a segment, and the end: not stuffed bytes, restarts and fillings.
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd9-\xfe])")
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COEFFICIENTS = 64
_RESTARTS = [bytes([0xFF, code]) for code in range(0xD0, 0xD8)]
# Coded data that begin with any two bits, and go on after whichever restart is due.
_FILLINGS = [
    b"".join(512 * bits + restart for restart in 2 * _RESTARTS) for bits in (b"\0", b"\x55", b"\xaa", b"\xff\0")
]


def load_jpeg(image: Any) -> Image.Image:
    """Load a JPEG image. One that is complete but for its end marker, or for bytes that mean nothing, is complete.

    Raises:
        OSError: It is damaged, or a part is missing.
    """
    try:
        image.load()
    except OSError as error:
        if "truncated" not in str(error) or image.fp is None or image.tell() != 0:
            raise
        image.fp.seek(0)
        if (whole := _completed(image.fp.read())) is None:
            raise
        return whole
    return image  # type: ignore[no-any-return]


def _completed(data: bytes) -> Image.Image | None:
    """The image in a file without end; None where pixels are missing."""
    data = data.rstrip(b"\xff")
    if not _has_all_scans(data):
        return None
    # A decoder makes up what is missing from whatever follows. Where all that may follow gives the same picture,
    # nothing is missing.
    one, *others = (JpegImagePlugin.JpegImageFile(io.BytesIO(data + filling + _END)) for filling in _FILLINGS)
    return one if all(np.array_equal(np.asarray(one), np.asarray(other)) for other in others) else None


def _has_all_scans(data: bytes) -> bool:
    """Whether some scan brings the lowest bit of each coefficient: several share them out in a progressive file."""
    missing: set[tuple[int, int]] = set()
    position = 2
    while (marker := _MARKER.search(data, position)) and (code := marker[1][0]) != _END_OF_IMAGE:
        start = marker.end()
        position = start + int.from_bytes(data[start : start + 2], "big")
        segment = data[start + 2 : position]
        if code in _FRAMES:
            missing = {(component, place) for component in segment[6::3] for place in range(_COEFFICIENTS)}
        elif code == _START_OF_SCAN and len(segment) > 5:
            first, last, bits = segment[-3:]
            if bits & 15 == 0:
                missing -= {(component, place) for component in segment[1:-3:2] for place in range(first, last + 1)}
    return not missing
