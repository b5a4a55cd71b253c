"""The jobs of an evaluation. Each is small, so that an interruption loses little, and runs in a worker process."""

import json
import math
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fovea.baselines import Pixels
from fovea.errors import BaselineError, about
from fovea.evaluation.codecs import CodecUnderTest
from fovea.evaluation.metrics import mean_squared_error
from fovea.evaluation.recognizers import recognize
from fovea.evaluation.running.cache import Cache, digest
from fovea.evaluation.running.plan import ORIGINAL, Coding, Plan
from fovea.evaluation.running.results import Measurement, Results

_CORNER = 64
"""Side in pixels of the part of an image that a codec is warmed up on."""


class Worker:
    """What a worker process keeps between its jobs.

    Args:
        plan: plan of the evaluation.
    """

    def __init__(self, plan: Plan) -> None:
        self.results = Results(plan, Cache(plan.cache))
        self._image = -1
        self._warm: set[Coding] = set()

    def original(self, image: int) -> tuple[Pixels, NDArray[np.bool_]]:
        """Return an original, uint8 [H, W, 3], and its object mask, bool [H, W].

        The last one is kept, because the codecs take turns on it.
        """
        if image != self._image:
            dataset = self.results.plan.dataset
            listed = dataset.images[image]
            self._pixels, self._objects = listed.load(), dataset.object_mask(listed)
            self._image = image
        return self._pixels, self._objects

    def warm_up(self, codec: CodecUnderTest, quality: float) -> None:
        """Run a codec once on a corner of the image, so that libraries and weights are loaded before times are taken.

        Some codecs have other weights for each quality, so this is done for each.
        """
        if (coding := Coding(codec, quality)) not in self._warm:
            corner = np.ascontiguousarray(self._pixels[:_CORNER, :_CORNER])
            opened = codec.spec.open_for(self._objects[:_CORNER, :_CORNER])
            opened.decode(opened.encode(corner, quality))
            self._warm.add(coding)


class Job(Protocol):
    """A piece of work."""

    def keys(self, plan: Plan) -> list[str]:
        """Return the keys of all that the job finds. It need not run where the cache has all of them."""

    def run(self, worker: Worker) -> Mapping[str, bytes]:
        """Do the work, and return what it found by its keys."""


@dataclass(frozen=True)
class RecognitionJob:
    """Codes one image, or takes the original, and runs all recognizers on the result.

    Attributes:
        image: index of the image.
        coding: how it is coded.
    """

    image: int
    coding: Coding = ORIGINAL

    def keys(self, plan: Plan) -> list[str]:
        """Return the keys of the measurement and the file, if the image is coded, and of the recognizers' outputs."""
        outputs = [plan.output_key(self.image, self.coding, recognizer) for recognizer in plan.recognizers]
        if self.coding.codec is None:
            return outputs
        return [plan.image_key(self.image, self.coding), plan.file_key(self.image, self.coding), *outputs]

    def run(self, worker: Worker) -> Mapping[str, bytes]:
        """Find all that the cache lacks."""
        plan, cache, found = worker.results.plan, worker.results.cache, dict[str, bytes]()
        with about(plan.dataset.images[self.image].path):
            pixels, objects = worker.original(self.image)
            if self.coding.codec is not None:
                data = cache.get(plan.file_key(self.image, self.coding))
                if data is None:
                    worker.warm_up(self.coding.codec, self.coding.quality)
                    data, pixels, measured = measure(self.coding.codec, self.coding.quality, pixels, objects)
                    found[plan.image_key(self.image, self.coding)] = json.dumps(asdict(measured)).encode()
                    found[plan.file_key(self.image, self.coding)] = data
                else:
                    pixels = self.coding.codec.spec.open_for(objects).decode(data)
            for recognizer in plan.recognizers:
                if (key := plan.output_key(self.image, self.coding, recognizer)) not in cache:
                    found[key] = recognize(recognizer, pixels)
        return found


def measure(
    codec: CodecUnderTest, quality: float, original: Pixels, objects: NDArray[np.bool_]
) -> tuple[bytes, Pixels, Measurement]:
    """Encode and decode an image.

    Args:
        codec: the codec.
        quality: quality on the scale of the codec.
        original: uint8 [H, W, 3], RGB.
        objects: bool [H, W], True on objects.

    Returns:
        The file, the decoded image, uint8 [H, W, 3], and the measurement.

    Raises:
        BaselineError: the codec fails, or decodes to another size.
    """
    opened = codec.spec.open_for(objects)
    start = time.perf_counter()
    data = opened.encode(original, quality)
    encoded = time.perf_counter()
    decoded = opened.decode(data)
    end = time.perf_counter()
    if decoded.shape != original.shape:
        raise BaselineError(f"{codec.name} decodes to {list(decoded.shape)} instead of {list(original.shape)}")
    object_mse = mean_squared_error(original, decoded, objects) if objects.any() else None
    mse = mean_squared_error(original, decoded)
    return data, decoded, Measurement(len(data), mse, object_mse, encoded - start, end - encoded)


@dataclass(frozen=True)
class QualitySearchJob:
    """Finds the quality at which the file of one image has nearly a wanted size.

    Attributes:
        image: index of the image.
        codec: the codec.
        size: bytes that are wanted.
        low: a quality whose file is not larger.
        high: a quality whose file is not smaller.
    """

    image: int
    codec: CodecUnderTest
    size: int
    low: float
    high: float

    def keys(self, plan: Plan) -> list[str]:
        """Return the key of the quality."""
        return [digest("fit", plan.image_key(self.image, Coding(self.codec, self.low)), self.size, self.high)]

    def run(self, worker: Worker) -> Mapping[str, bytes]:
        """Search the integer qualities between the two; take the lower of the two where there is none."""
        original, objects = worker.original(self.image)
        between = [
            quality
            for quality in range(math.floor(self.low) + 1, math.ceil(self.high))
            if self.codec.spec.has_quality(quality)
        ]
        codec = self.codec.spec.open_for(objects)
        best = self.low
        if between:
            best = float(nearest_quality(lambda quality: len(codec.encode(original, quality)), self.size, between))
        return {self.keys(worker.results.plan)[0]: json.dumps(best).encode()}


def nearest_quality(size_at: Callable[[int], int], size: float, qualities: Sequence[int]) -> int:
    """Return the quality whose file is nearest to a wanted size, as a ratio, by bisection.

    Args:
        size_at: gives the bytes of the file of a quality; it should not fall when the quality rises.
        size: bytes that are wanted.
        qualities: qualities to choose from, in rising order, at least one.

    Example:
        >>> nearest_quality(lambda quality: 100 * quality, size=2440, qualities=range(1, 101))
        24
    """
    sizes: dict[int, int] = {}

    def tried(quality: int) -> int:
        sizes[quality] = size_at(quality)
        return sizes[quality]

    bisect_right(qualities, size, key=tried)
    return min(sizes, key=lambda quality: abs(math.log(sizes[quality] / size)))
