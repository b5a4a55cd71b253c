"""Recognizers that judge, by the names that a user gives them, and what they saw."""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata

import numpy as np

from fovea.errors import FoveaError, RecognizerError
from fovea.recognition import OnnxRecognizer, Recognizer, Result, load, to_results
from fovea.recognition.recognizer import Picture


@dataclass(frozen=True)
class Judge:
    """A recognizer in an evaluation."""

    spec: str
    name: str
    classes: tuple[str, ...]
    masks: bool
    """Whether it draws masks."""
    fingerprint: str
    """The same here means the same detections on the same image."""


@cache
def recognizer(spec: str) -> Recognizer:
    """Loads a recognizer once in each process, single-threaded: several processes fill the cores."""
    return load(spec, threads=1)


def fingerprint(spec: str) -> str:
    """What the detections of a recognizer depend on besides the image."""
    loaded = recognizer(spec)
    if isinstance(loaded, OnnxRecognizer):
        return loaded.model.fingerprint
    library = spec.partition(":")[0]  # other libraries fetch and read weights by name and their own version
    return hashlib.sha256(f"{spec} {metadata.version(library)}".encode()).hexdigest()


def judges(specs: Sequence[str], sample: Picture) -> tuple[Judge, ...]:
    """Loads recognizers, and tries each on an image, so that one that does not fit fails at once.

    Args:
        specs: as for :func:`fovea.recognition.load`.
        sample: uint8 [H, W, 3], RGB.

    Returns:
        The recognizers.

    Raises:
        RecognizerError: one cannot be loaded or run, or none is named.
        FoveaError: two have the same name.
    """
    found = []
    for spec in specs:
        loaded = recognizer(spec)
        (seen,) = loaded.predict([sample])
        masks = seen.mask is not None
        found.append(Judge(spec, loaded.name, tuple(loaded.classes), masks, fingerprint(spec)))
    names = [judge.name for judge in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise FoveaError(f"two recognizers are called {twice.pop()}: rename one of the files")
    if not found:
        raise RecognizerError("name at least one recognizer")
    return tuple(found)


def look(judge: Judge, picture: Picture) -> bytes:
    """Runs a recognizer on an image, and packs what it saw.

    Args:
        judge: the recognizer.
        picture: uint8 [H, W, 3], RGB.

    Returns:
        Bytes for :func:`seen`, about 2 kB for a hundred boxes.
    """
    (found,) = recognizer(judge.spec).predict([picture])
    results = to_results(found, 0, range(len(judge.classes)))
    for result in results:
        result["bbox"] = np.round(result["bbox"], 2).tolist()
        result["score"] = round(result["score"], 6)
    return zlib.compress(json.dumps(results, separators=(",", ":")).encode())


def seen(packed: bytes, image_id: int, categories: Sequence[int | None]) -> list[Result]:
    """Unpacks what a recognizer saw.

    Args:
        packed: from :func:`look`.
        image_id: of the image in the data set.
        categories: category id of each class of the recognizer; classes with None are left out.

    Returns:
        The detections in COCO's format.
    """
    results: list[Result] = json.loads(zlib.decompress(packed))
    for result in results:
        result["image_id"] = image_id
    return [
        result | {"category_id": category}
        for result in results
        if (category := categories[result["category_id"]]) is not None
    ]
