"""A point of a rate-accuracy curve, and whose accuracy it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from fovea.evaluation.judge import Kind
from fovea.recognition import Score, SemanticScore

_TITLES: Mapping[Kind, str] = {"box": "boxes", "mask": "masks", "semantic": "class maps"}


@dataclass(frozen=True)
class Question:
    """What accuracy is meant: whose, and of what.

    Example:
        >>> question = Question("segformer", "semantic")
        >>> print(question, question.metric)
        segformer, class maps mIoU
    """

    recognizer: str
    kind: Kind

    def __str__(self) -> str:
        return f"{self.recognizer}, {_TITLES[self.kind]}"

    @property
    def metric(self) -> str:
        """What it is measured in."""
        return "mIoU" if self.kind == "semantic" else "AP"


@dataclass(frozen=True)
class Accuracy:
    """What one recognizer reaches on one version of the images; None where recognizer or reference has no such."""

    box: Score | None = None
    mask: Score | None = None
    semantic: SemanticScore | None = None

    def of(self, kind: Kind) -> Score | SemanticScore | None:
        """The score of one kind."""
        scores: Mapping[Kind, Score | SemanticScore | None]
        scores = {"box": self.box, "mask": self.mask, "semantic": self.semantic}
        return scores[kind]


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
