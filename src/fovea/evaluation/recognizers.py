"""Recognizers that judge, by the names that a user gives them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal

from fovea.errors import FoveaError, RecognizerError
from fovea.evaluation.cache import digest
from fovea.recognition import OnnxRecognizer, OnnxSegmenter, Recognizer, SemanticRecognizer, load_any
from fovea.recognition.recognizer import Picture
from fovea.store import sha256_of

Kind = Literal["box", "mask", "semantic"]
"""What is scored: boxes or masks of objects, by average precision, or class maps, by mean intersection over union."""


@dataclass(frozen=True)
class Judge:
    """A recognizer in an evaluation."""

    spec: str
    name: str
    classes: tuple[str, ...]
    kinds: tuple[Kind, ...]
    """What it can be scored for."""
    fingerprint: str
    """The same here means that it sees the same on the same image."""
    only: tuple[int, ...] | None = None
    """Indices of the classes that a detector is asked for; None: all."""

    def asked_for(self, categories: Sequence[int | None]) -> "Judge":
        """Leaves out classes that do not count, lest they take the places of those that do.

        Args:
            categories: category id of each class; None where it does not count.

        Returns:
            Another judge, or this one where nothing is left out; a segmenter needs all its classes.
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
def recognizer(spec: str) -> Recognizer | SemanticRecognizer:
    """Loads a recognizer once in each process, single-threaded: several processes fill the cores."""
    return load_any(spec, threads=1)


def detector(spec: str) -> Recognizer:
    """Loads a recognizer that must see objects.

    Raises:
        RecognizerError: it gives class maps.
    """
    loaded = recognizer(spec)
    if isinstance(loaded, SemanticRecognizer):
        raise RecognizerError(f"{spec} gives class maps, and objects are needed: take a detector")
    return loaded


def fingerprint(spec: str) -> str:
    """What a recognizer sees depends on besides the image."""
    loaded = recognizer(spec)
    if isinstance(loaded, OnnxRecognizer | OnnxSegmenter):
        return loaded.model.fingerprint
    # Other libraries fetch and read weights by name and their own version, or take them from a file or a folder.
    library, _, name = spec.partition(":")
    files = (file for file in (Path(name), *sorted(Path(name).rglob("*"))) if file.is_file())
    weights = "".join(sha256_of(file) for file in files)
    return hashlib.sha256(f"{spec} {metadata.version(library)}{weights}".encode()).hexdigest()


def judges(specs: Sequence[str], sample: Picture) -> tuple[Judge, ...]:
    """Loads recognizers, and tries each on an image, so that one that does not fit fails at once.

    Args:
        specs: as for :func:`fovea.recognition.load_any`.
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
        found.append(Judge(spec, loaded.name, tuple(loaded.classes), _kinds(loaded, sample), fingerprint(spec)))
    names = [judge.name for judge in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise FoveaError(f"two recognizers are called {twice.pop()}: rename one of the files")
    if not found:
        raise RecognizerError("name at least one recognizer")
    return tuple(found)


def _kinds(loaded: Recognizer | SemanticRecognizer, sample: Picture) -> tuple[Kind, ...]:
    if isinstance(loaded, SemanticRecognizer):
        loaded.segment([sample])
        return ("semantic",)
    (seen,) = loaded.predict([sample])
    return ("box",) if seen.mask is None else ("box", "mask")
