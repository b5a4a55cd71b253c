"""A point of a rate-accuracy curve."""

from collections.abc import Mapping
from dataclasses import dataclass

from fovea.recognition import Score


@dataclass(frozen=True)
class Accuracy:
    """What one recognizer reaches on one version of the images."""

    box: Score
    mask: Score | None = None
    """None where recognizer or reference has no masks."""

    def of(self, kind: str) -> Score | None:
        """The score for ``box`` or ``mask``."""
        return self.box if kind == "box" else self.mask


@dataclass(frozen=True)
class Point:
    """One codec at one quality on a whole data set."""

    codec: str
    quality: float
    """On the codec's own scale."""
    bpp: float
    """Bits of all files over pixels of all images; every file counts whole, headers included."""
    psnr: float
    """In dB over RGB, the mean over images; an image that comes back unchanged counts as 100 dB."""
    object_psnr: float
    """The same inside the labeled objects, the mean over images that have any; NaN without labels."""
    encode_speed: float
    """Megapixels a second of one process with one thread: all pixels over the time of all images."""
    decode_speed: float
    memory: int
    """Bytes that coding and decoding the largest image adds to a bare Python process."""
    accuracy: Mapping[str, Accuracy]
    """By name of the recognizer."""
