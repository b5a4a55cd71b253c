"""Random crops that become patches, many of them placed on an object."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from fovea.training.data.balance import Floats, repeat_factors
from fovea.training.data.config import PatchConfig
from fovea.training.data.images import TrainingImage


class Crop(NamedTuple):
    """A square of an image that becomes a patch.

    Attributes:
        number: number of the image.
        left: left edge of the square in pixels, may be fractional.
        top: top edge of the square in pixels, may be fractional.
        side: side of the square in pixels, may be fractional.
        flipped: whether left and right are exchanged.
    """

    number: int
    left: float
    top: float
    side: float
    flipped: bool


class CropSampler:
    """Draws random crops.

    Each crop is a random square that will be scaled to the size of a patch: the scale jitter shows objects and textures
    at many resolutions. Images are drawn by their weights and repeat factors, objects by their repeat factors.

    Args:
        images: images to draw from.
        patch: size, scale jitter, probability of objects and repeat threshold.
    """

    def __init__(self, images: Sequence[TrainingImage], patch: PatchConfig) -> None:
        self.images, self.patch = images, patch
        classes = [[annotation.category_id for annotation in image.annotations or ()] for image in images]
        image_factors, object_factors = repeat_factors(classes, patch.repeat_threshold)
        self._object_chances = [factors / factors.sum() for factors in object_factors]
        self._cumulative = _cumulative_chances(image_factors, images)

    def image(self, random: np.random.Generator) -> int:
        """Return the number of the next image."""
        return int(self._cumulative.searchsorted(random.random(), side="right"))

    def crop(self, number: int, width: int, height: int, random: np.random.Generator) -> Crop:
        """Return a crop of an image of this size."""
        image, patch = self.images[number], self.patch
        scale = np.exp(random.uniform(*np.log(image.scale_jitter or patch.scale_jitter)))
        side = min(patch.size / scale, width, height)
        annotations = image.annotations
        if annotations and random.random() < patch.object_probability:
            chances = self._object_chances[number]
            left, top, box_width, box_height = annotations[int(random.choice(len(annotations), p=chances))].box
            corner = (
                _start_on(left, box_width, side, width, random),
                _start_on(top, box_height, side, height, random),
            )
        else:
            corner = random.uniform(0, width - side), random.uniform(0, height - side)
        return Crop(number, *corner, side, random.random() < 0.5)


class CropStream(IterableDataset[Crop]):
    """An endless, seeded stream of crops of images whose sizes are known.

    Args:
        sampler: draws the crops.
        sizes: width and height of each image.
        seed: seed, see :func:`worker_generator`.
        rank: rank of the process, see :func:`worker_generator`.
    """

    def __init__(self, sampler: CropSampler, sizes: Sequence[tuple[int, int]], seed: int = 0, rank: int = 0) -> None:
        self.sampler, self.sizes = sampler, sizes
        self.seed, self.rank = seed, rank

    def __iter__(self) -> Iterator[Crop]:
        random = worker_generator(self.seed, self.rank)
        while True:
            number = self.sampler.image(random)
            yield self.sampler.crop(number, *self.sizes[number], random)


def worker_generator(seed: int, rank: int) -> np.random.Generator:
    """Return the random generator of one loader worker: a function of the seed, the rank and the worker."""
    worker = get_worker_info()
    return np.random.default_rng([seed, rank, worker.id if worker else 0])


def _cumulative_chances(factors: Floats, images: Sequence[TrainingImage]) -> Floats:
    sums = np.cumsum(factors * [image.weight for image in images])
    cumulative: Floats = sums / sums[-1]
    return cumulative


def _start_on(start: float, length: float, side: float, limit: float, random: np.random.Generator) -> float:
    """Return where a window of ``side`` starts so that it meets the middle half of an object, within 0..limit."""
    middle = random.uniform(start + length / 4, start + length * 3 / 4)
    return float(np.clip(middle - random.uniform(0, side), 0, limit - side))
