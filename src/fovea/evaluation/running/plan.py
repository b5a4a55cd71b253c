"""What is evaluated on what, and under which keys each result is kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from fovea.evaluation.cache import digest
from fovea.evaluation.contender import Contender
from fovea.evaluation.judge import Judge, Kind
from fovea.recognition import Dataset
from fovea.recognition.recognizer import Picture

Reference = Literal["labels", "self"]
"""What counts as right: the labels, or what each recognizer sees on the originals."""
RECOGNITION = ""
"""Version of what lies between pixels and what is seen, networks aside: how ``fovea.recognition`` feeds them and reads
their outputs. Count on, "/2", "/3", with every change that a recognizer may answer: what it saw before is then no
longer taken from the cache. Fovea's own version is in the keys of coded images, and not in those of originals.
"""


@dataclass(frozen=True)
class Plan:
    """Everything that an evaluation depends on. Every worker process gets it."""

    dataset: Dataset
    contents: tuple[str, ...]
    """For each image a digest of pixels and labels."""
    contenders: tuple[Contender, ...]
    judges: tuple[Judge, ...]
    reference: Reference
    cache: Path

    def image_key(self, image: int, contender: Contender | None = None, quality: float = 0) -> str:
        """Key of one version of an image; without a codec of the original."""
        if contender is None:
            return digest("original", self.contents[image])
        return digest(contender.identity, quality, self.contents[image])

    def kinds(self, judge: Judge) -> tuple[Kind, ...]:
        """What a recognizer is scored for."""
        masked = self.reference == "self" or self.dataset.masked
        return tuple(kind for kind in judge.kinds if masked or kind != "mask")


def file_key(image_key: str) -> str:
    """Key of the coded file itself."""
    return f"{image_key}/file"


def seen_key(image_key: str, judge: Judge) -> str:
    """Key of what a recognizer saw on this version of the image."""
    return f"{image_key}/seen/{judge.fingerprint[:16]}{RECOGNITION}"


def content(dataset: Dataset, image: int, picture: Picture) -> str:
    """Digest of the pixels and labels of an image."""
    annotations = dataset.by_image[dataset.images[image].id]
    labels: Sequence[dict[str, object]] = [{**asdict(annotation), "image_id": None} for annotation in annotations]
    return digest(picture.shape, hashlib.sha256(picture.data).hexdigest(), labels)
