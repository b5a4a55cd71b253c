"""The pieces of work of an evaluation, each small enough to lose without pain. They run in worker processes."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fovea.errors import BaselineError, FoveaError
from fovea.evaluation.cache import Cache, digest
from fovea.evaluation.contender import Contender, codec_for
from fovea.evaluation.plan import Plan, file_key, seen_key
from fovea.evaluation.sight import look
from fovea.recognition.recognizer import Picture

Found = Mapping[str, bytes]
"""Results, by the keys under which they are kept."""


class Bench:
    """What a worker process has at hand.

    Args:
        plan: of the evaluation.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan, self.cache = plan, Cache(plan.cache)
        self._image = -1
        self._warm: set[tuple[str, float]] = set()

    def open(self, image: int) -> tuple[Picture, NDArray[np.bool_]]:
        """An original and its object mask; the last one stays at hand, as codecs take turns on it."""
        if image != self._image:
            listed = self.plan.dataset.images[image]
            self._picture, self._objects = listed.load(), self.plan.dataset.object_mask(listed)
            self._image = image
        return self._picture, self._objects

    def warm(self, spec: str, quality: float) -> None:
        """Runs a codec once on a corner, so that no clock counts the loading of libraries and weights.

        Some codecs have weights of their own for each quality, so this is done for each; a corner takes no time.
        """
        if (spec, quality) not in self._warm:
            corner, objects = np.ascontiguousarray(self._picture[:64, :64]), self._objects[:64, :64]
            codec = codec_for(spec, objects)
            codec.decode(codec.encode(corner, quality))
            self._warm.add((spec, quality))


class Job(Protocol):
    """A piece of work."""

    def keys(self, plan: Plan) -> list[str]:
        """All that it finds; where all of them are known it need not run."""

    def run(self, bench: Bench) -> Found:
        """Does it."""


@dataclass(frozen=True)
class Measurement:
    """One file of one codec."""

    size: int
    """Bytes."""
    mse: float
    object_mse: float | None
    """None where the image has no objects."""
    encode_seconds: float
    decode_seconds: float


@dataclass(frozen=True)
class Look:
    """Codes one image at one quality, or takes the original, and shows it to all recognizers."""

    image: int
    contender: Contender | None = None
    quality: float = 0

    def keys(self, plan: Plan) -> list[str]:
        """The measurement and the file, if coded, and what each recognizer sees."""
        key = plan.image_key(self.image, self.contender, self.quality)
        coded = [] if self.contender is None else [key, file_key(key)]
        return coded + [seen_key(key, judge) for judge in plan.judges]

    def run(self, bench: Bench) -> Found:
        """Finds whatever is not known yet."""
        plan, found = bench.plan, {}
        key = plan.image_key(self.image, self.contender, self.quality)
        picture, objects = bench.open(self.image)
        try:
            if self.contender is not None:
                data = bench.cache.get(file_key(key))
                if data is None:
                    bench.warm(self.contender.spec, self.quality)
                    data, picture, measured = measure(self.contender, self.quality, picture, objects)
                    found = {key: json.dumps(asdict(measured)).encode(), file_key(key): data}
                else:
                    picture = codec_for(self.contender.spec, objects).decode(data)
            for judge in plan.judges:
                if (wanted := seen_key(key, judge)) not in bench.cache:
                    found[wanted] = look(judge, picture)
        except FoveaError as error:
            raise type(error)(f"{plan.dataset.images[self.image].path}: {error}") from error
        return found


def measure(
    contender: Contender, quality: float, picture: Picture, objects: NDArray[np.bool_]
) -> tuple[bytes, Picture, Measurement]:
    """Codes an image and decodes it.

    Args:
        contender: the codec.
        quality: on the codec's own scale.
        picture: uint8 [H, W, 3], RGB.
        objects: [H, W], True on objects.

    Returns:
        The file, the decoded image, and what was measured.

    Raises:
        BaselineError: the codec fails, or gives back an image of another size.
    """
    codec = codec_for(contender.spec, objects)
    began = time.perf_counter()
    data = codec.encode(picture, quality)
    between = time.perf_counter()
    decoded = codec.decode(data)
    ended = time.perf_counter()
    if decoded.shape != picture.shape:
        raise BaselineError(f"{contender.name} gave back {list(decoded.shape)} for {list(picture.shape)}")
    error = np.square(picture.astype(np.float32) - decoded).mean(axis=2)
    inside = float(error[objects].mean()) if objects.any() else None
    return data, decoded, Measurement(len(data), float(error.mean()), inside, between - began, ended - between)


@dataclass(frozen=True)
class Fit:
    """Finds the quality at which a codec gives one image a wanted size."""

    image: int
    contender: Contender
    size: int
    """Bytes."""
    low: float
    """A quality that gives less."""
    high: float
    """A quality that gives more."""

    def keys(self, plan: Plan) -> list[str]:
        """The quality."""
        return [digest("fit", plan.image_key(self.image, self.contender, self.low), self.size, self.high)]

    def run(self, bench: Bench) -> Found:
        """Halves the range until whole qualities are next to each other."""
        picture, objects = bench.open(self.image)
        low, high, sizes = self.low, self.high, {}
        while high - low > 1:
            middle = float(round((low + high) / 2))
            data, _, _ = measure(self.contender, middle, picture, objects)
            sizes[middle] = len(data)
            low, high = (middle, high) if len(data) <= self.size else (low, middle)
        best = min(sizes, key=lambda quality: abs(sizes[quality] - self.size), default=low)
        return {self.keys(bench.plan)[0]: json.dumps(best).encode()}
