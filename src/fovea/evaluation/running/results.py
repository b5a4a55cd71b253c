"""The results of the jobs, read back from the cache."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fovea.evaluation.recognizers import RecognizerInfo, unpack_class_map, unpack_detections
from fovea.evaluation.running.cache import Cache
from fovea.evaluation.running.plan import Coding, Plan
from fovea.recognition import Result


@dataclass(frozen=True)
class Measurement:
    """Size, error and time of one coded image.

    Attributes:
        size: bytes of the file.
        mse: mean squared error over all pixels.
        object_mse: mean squared error inside the labeled objects; None where the image has none.
        encode_seconds: time of encoding.
        decode_seconds: time of decoding.
    """

    size: int
    mse: float
    object_mse: float | None
    encode_seconds: float
    decode_seconds: float


class Results:
    """What the jobs of an evaluation have found out so far.

    The methods read what the jobs must have put into the cache before.

    Args:
        plan: plan of the evaluation.
        cache: its cache, open.
    """

    def __init__(self, plan: Plan, cache: Cache) -> None:
        self.plan, self.cache = plan, cache

    def value(self, key: str) -> bytes:
        """Return the value of a key."""
        value = self.cache.get(key)
        assert value is not None, f"the job that finds {key} has not run yet"
        return value

    def measurement(self, image: int, coding: Coding) -> Measurement:
        """Return the measurement of one image, coded."""
        return Measurement(**json.loads(self.value(self.plan.image_key(image, coding))))

    def measurements(self, coding: Coding) -> list[Measurement]:
        """Return the measurements of all images, coded."""
        return [self.measurement(image, coding) for image in range(len(self.plan.dataset))]

    def file(self, image: int, coding: Coding) -> bytes:
        """Return the coded file of one image."""
        return self.value(self.plan.file_key(image, coding))

    def detections(
        self, image: int, coding: Coding, detector: RecognizerInfo, categories: Sequence[int | None]
    ) -> list[Result]:
        """Return the detections on one image, coded.

        Args:
            image: index of the image.
            coding: how it is coded.
            detector: the detector.
            categories: category id of each class of the detector; classes with None are left out.
        """
        packed = self.value(self.plan.output_key(image, coding, detector))
        return unpack_detections(packed, self.plan.dataset.images[image].id, categories)

    def class_map(self, image: int, coding: Coding, segmenter: RecognizerInfo) -> NDArray[np.integer]:
        """Return the class map of one image, coded: [H, W] class indices."""
        return unpack_class_map(self.value(self.plan.output_key(image, coding, segmenter)))
