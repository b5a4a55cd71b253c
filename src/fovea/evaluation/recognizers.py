"""The recognizers of an evaluation, and what they detect, packed for the cache."""

import hashlib
import io
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fovea.baselines import Pixels
from fovea.errors import FoveaError, RecognizerError
from fovea.evaluation.metrics import MetricKind
from fovea.evaluation.running.cache import digest
from fovea.recognition import (
    OnnxRecognizer,
    OnnxSegmenter,
    Recognizer,
    Result,
    SemanticRecognizer,
    load_any,
    to_results,
)
from fovea.store import sha256_of


@dataclass(frozen=True)
class RecognizerInfo:
    """What an evaluation has to know about a recognizer.

    Attributes:
        spec: specification that it is loaded by.
        name: name in tables and plots.
        classes: names of its classes.
        kinds: kinds of output that it gives and that can be scored.
        fingerprint: two recognizers of the same fingerprint detect the same on the same image.
        only: indices of the classes that a detector looks for; None for all.
    """

    spec: str
    name: str
    classes: tuple[str, ...]
    kinds: tuple[MetricKind, ...]
    fingerprint: str
    only: tuple[int, ...] | None = None

    def limited_to(self, categories: Sequence[int | None]) -> "RecognizerInfo":
        """Leave out the classes that are not scored, so that they do not displace detections of those that are.

        Args:
            categories: category id of each class; None where the class is not scored.

        Returns:
            Another recognizer, or this one where all classes are scored. A segmenter needs all its classes.
        """
        only = tuple(index for index, category in enumerate(categories) if category is not None)
        if self.semantic or len(only) == len(self.classes):
            return self
        return replace(self, only=only, fingerprint=digest(self.fingerprint, only))

    @property
    def semantic(self) -> bool:
        """Whether it gives class maps instead of objects."""
        return "semantic" in self.kinds


@cache
def load_recognizer(spec: str) -> Recognizer | SemanticRecognizer:
    """Load a recognizer, once in each process, for one thread: several processes use the other cores."""
    return load_any(spec, threads=1)


def unload_recognizers() -> None:
    """Forget the recognizers that are loaded, so that files that have changed are read again."""
    load_recognizer.cache_clear()


def load_detector(spec: str) -> Recognizer:
    """Load a recognizer that detects objects.

    Raises:
        RecognizerError: it gives class maps.
    """
    recognizer = load_recognizer(spec)
    if isinstance(recognizer, SemanticRecognizer):
        raise RecognizerError("gives class maps, and objects are needed: choose a detector", path=spec)
    return recognizer


def fingerprint(spec: str) -> str:
    """Return a digest of all that the output of a recognizer depends on besides the image."""
    recognizer = load_recognizer(spec)
    if isinstance(recognizer, OnnxRecognizer | OnnxSegmenter):
        return recognizer.model.fingerprint
    # Other libraries find weights by their name and the version of the library, or in a file or a folder.
    library, _, name = spec.partition(":")
    files = (file for file in (Path(name), *sorted(Path(name).rglob("*"))) if file.is_file())
    weights = "".join(sha256_of(file) for file in files)
    return hashlib.sha256(f"{spec} {metadata.version(library)}{weights}".encode()).hexdigest()


def find_recognizers(specs: Sequence[str], sample: Pixels) -> tuple[RecognizerInfo, ...]:
    """Load recognizers and try each on an image, so that one that cannot run fails at once.

    Args:
        specs: specifications, as for :func:`fovea.recognition.load_any`.
        sample: uint8 [H, W, 3], RGB.

    Returns:
        The recognizers.

    Raises:
        RecognizerError: one cannot be loaded or run, or none is named.
        FoveaError: two have the same name.
    """
    found = []
    for spec in specs:
        recognizer = load_recognizer(spec)
        kinds = _kinds(recognizer, sample)
        found.append(RecognizerInfo(spec, recognizer.name, tuple(recognizer.classes), kinds, fingerprint(spec)))
    names = [recognizer.name for recognizer in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise FoveaError(f"two recognizers are called {twice.pop()}: rename one of the files")
    if not found:
        raise RecognizerError("no recognizer is named: name at least one")
    return tuple(found)


def _kinds(recognizer: Recognizer | SemanticRecognizer, sample: Pixels) -> tuple[MetricKind, ...]:
    if isinstance(recognizer, SemanticRecognizer):
        recognizer.segment([sample])
        return ("semantic",)
    (detections,) = recognizer.predict([sample])
    return ("box",) if detections.mask is None else ("box", "mask")


def recognize(recognizer: RecognizerInfo, pixels: Pixels) -> bytes:
    """Run a recognizer on an image.

    Args:
        recognizer: the recognizer.
        pixels: uint8 [H, W, 3], RGB.

    Returns:
        Its output, packed for :func:`unpack_detections` (about 2 kB for a hundred boxes) or
        :func:`unpack_class_map` (some kB).
    """
    loaded = load_recognizer(recognizer.spec)
    if isinstance(loaded, SemanticRecognizer):
        (class_map,) = loaded.segment([pixels])
        file = io.BytesIO()
        np.save(file, class_map.astype(np.min_scalar_type(len(recognizer.classes))))
        return zlib.compress(file.getvalue())
    (detections,) = loaded.predict([pixels], recognizer.only)
    results = to_results(detections, 0, range(len(recognizer.classes)))
    for result in results:
        result["bbox"] = np.round(result["bbox"], 2).tolist()
        result["score"] = round(result["score"], 6)
    return zlib.compress(json.dumps(results, separators=(",", ":")).encode())


def unpack_detections(packed: bytes, image_id: int, categories: Sequence[int | None]) -> list[Result]:
    """Unpack the output of a detector.

    Args:
        packed: bytes from :func:`recognize`.
        image_id: id of the image in the data set.
        categories: category id of each class of the recognizer; classes with None are left out.

    Returns:
        The detections in COCO's result format.
    """
    results: list[Result] = json.loads(zlib.decompress(packed))
    for result in results:
        result["image_id"] = image_id
    return [
        result | {"category_id": category}
        for result in results
        if (category := categories[result["category_id"]]) is not None
    ]


def unpack_class_map(packed: bytes) -> NDArray[np.integer]:
    """Unpack the output of a segmenter.

    Args:
        packed: bytes from :func:`recognize`.

    Returns:
        [H, W] class indices.
    """
    class_map: NDArray[np.integer] = np.load(io.BytesIO(zlib.decompress(packed)), allow_pickle=False)
    return class_map
