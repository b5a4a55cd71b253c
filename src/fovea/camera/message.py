"""The messages of a stream: each is a plain ``.fov`` file, with one line of text that says where it belongs.

``docs/camera.md`` has the format of the line.
"""

import math
from dataclasses import dataclass
from typing import Self

from fovea.errors import BitstreamError

HEADER = "fovea-part"
"""Name of the MQTT user property, or of the HTTP header, that carries the line."""
KEYFRAME = "fovea-keyframe"
"""HTTP header of an answer with which a watcher asks for a whole frame."""
MEDIA_TYPE = "image/vnd.fovea"
"""Media type of the body of an HTTP message."""
MAX_MESSAGE_BYTES = 2**24
"""Largest coded part that a watcher takes, in bytes: 16 MiB."""
_LONGEST_LINE = 500
"""Number of characters of a line that are read."""


@dataclass(frozen=True)
class Place:
    """Where a part belongs: in the stream, in time and in its frame.

    Attributes:
        stream: name of the stream, which each start of a camera chooses anew; letters and digits.
        number: number of the message in the stream, from 0, without gaps.
        frame: number of the frame.
        time: when the frame was taken, in seconds since 1970.
        width: width of the frame in pixels.
        height: height of the frame in pixels.
        left: left edge of the part in the frame, in pixels.
        top: top edge of the part in the frame, in pixels.
        part: number of the part in its frame, from 0.
        parts: number of parts of the frame.

    Example:
        >>> Place("a1", 12, 4, 1790000000.25, 640, 480, 0, 128, 1, 2).line()
        's=a1,n=12,f=4,t=1790000000.250,w=640,h=480,x=0,y=128,p=1,of=2'
    """

    stream: str
    number: int
    frame: int
    time: float
    width: int
    height: int
    left: int
    top: int
    part: int
    parts: int

    def line(self) -> str:
        """Return the line of text that :meth:`parse` reads."""
        return (
            f"s={self.stream},n={self.number},f={self.frame},t={self.time:.3f},w={self.width},h={self.height},"
            f"x={self.left},y={self.top},p={self.part},of={self.parts}"
        )

    @classmethod
    def parse(cls, line: str) -> Self:
        """Return the place in a line. Unknown keys are ignored.

        Raises:
            BitstreamError: the line does not have the form of :meth:`line`, or a number is out of its range.
        """
        fields = dict(pair.partition("=")[::2] for pair in line[:_LONGEST_LINE].split(","))
        try:
            counts = [int(fields[key]) for key in ("n", "f", "w", "h", "x", "y", "p", "of")]
            number, frame, width, height, left, top, part, parts = counts
            place = cls(fields["s"], number, frame, float(fields["t"]), width, height, left, top, part, parts)
        except (KeyError, ValueError) as error:
            raise BitstreamError(f"{HEADER} {line[:_LONGEST_LINE]!r} does not say where a part belongs") from error
        inside = left < width and top < height and part < parts
        if min(counts) < 0 or not inside or not math.isfinite(place.time):
            raise BitstreamError(f"{HEADER} {line[:_LONGEST_LINE]!r} has a number that is out of its range")
        return place


@dataclass(frozen=True)
class Message:
    """A message of a stream.

    Attributes:
        place: where the part belongs.
        data: the part as the content of a ``.fov`` file.
    """

    place: Place
    data: bytes
