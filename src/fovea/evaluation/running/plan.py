"""What an evaluation runs on what, and the keys under which its results are cached."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from fovea.baselines import Pixels
from fovea.datasets import Dataset
from fovea.evaluation.codecs import CodecUnderTest
from fovea.evaluation.metrics import MetricKind
from fovea.evaluation.recognizers import RecognizerInfo
from fovea.evaluation.running.cache import digest

Reference = Literal["labels", "self"]
"""What recognizers are scored against: the labels, or what each recognizer detects on the originals."""
RECOGNITION = ""
"""Version of all that affects the output of a recognizer besides image and network: how ``fovea.recognition`` feeds
networks and reads their outputs. Increase it ("/2", "/3", ...) with every change of that; cached outputs of earlier
versions are then not used any more. The version of Fovea itself is in the keys of coded images, not in those of
originals.
"""


@dataclass(frozen=True)
class Coding:
    """How the images are coded: by a codec at a quality, or not at all.

    Attributes:
        codec: the codec; None for the originals.
        quality: quality on the scale of the codec.
    """

    codec: CodecUnderTest | None = None
    quality: float = 0


ORIGINAL = Coding()


@dataclass(frozen=True)
class Plan:
    """Everything that an evaluation depends on. Every worker process gets it.

    Attributes:
        dataset: the images, and their labels where there are any.
        contents: digest of the pixels and labels of each image, from :func:`content`.
        codecs: the codecs under test.
        recognizers: the recognizers.
        reference: what the recognizers are scored against.
        cache: file of the cache.
    """

    dataset: Dataset
    contents: tuple[str, ...]
    codecs: tuple[CodecUnderTest, ...]
    recognizers: tuple[RecognizerInfo, ...]
    reference: Reference
    cache: Path

    @property
    def codings(self) -> tuple[Coding, ...]:
        """The originals, then each codec at each of its qualities."""
        return (ORIGINAL, *(Coding(codec, quality) for codec in self.codecs for quality in codec.qualities))

    def kinds(self, recognizer: RecognizerInfo) -> tuple[MetricKind, ...]:
        """Return the kinds of output that a recognizer is scored in."""
        masks = self.reference == "self" or self.dataset.masked
        return tuple(kind for kind in recognizer.kinds if masks or kind != "mask")

    def image_key(self, image: int, coding: Coding) -> str:
        """Return the key of one image, coded."""
        if coding.codec is None:
            return digest("original", self.contents[image])
        return digest(coding.codec.identity, coding.quality, self.contents[image])

    def file_key(self, image: int, coding: Coding) -> str:
        """Return the key of the coded file of one image."""
        return f"{self.image_key(image, coding)}/file"

    def output_key(self, image: int, coding: Coding, recognizer: RecognizerInfo) -> str:
        """Return the key of the output of a recognizer on one image, coded."""
        return f"{self.image_key(image, coding)}/seen/{recognizer.fingerprint[:16]}{RECOGNITION}"


def content(dataset: Dataset, image: int, pixels: Pixels) -> str:
    """Return a digest of the pixels and labels of an image.

    Args:
        dataset: the data set.
        image: index of the image.
        pixels: uint8 [H, W, 3], RGB.
    """
    annotations = dataset.by_image[dataset.images[image].id]
    labels = [{**asdict(annotation), "image_id": None} for annotation in annotations]
    return digest(pixels.shape, hashlib.sha256(pixels.data).hexdigest(), labels)
