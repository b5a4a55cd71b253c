"""Which part of which image becomes a training patch: random crops that keep objects in view."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from fovea.training.balance import Floats, repeat_factors
from fovea.training.data import Labeled


class Crop(NamedTuple):
    """A square of an image that becomes a patch.

    Attributes:
        number: of the image.
        left: of the square, pixels, not whole.
        top: likewise.
        side: likewise.
        flipped: whether left and right are exchanged.
    """

    number: int
    left: float
    top: float
    side: float
    flipped: bool


class Cropping:
    """Draws crops.

    Each is a random square, to be scaled to ``size``: the scale jitter shows objects and textures at many resolutions.
    With ``objects`` probability the square is placed so that it meets a random object. Images and objects are drawn by
    their factors, see :func:`fovea.training.balance.repeat_factors`, and images by their weights.

    Args:
        images: what to draw from.
        size: side of a patch, pixels.
        scale: range of the scale jitter, drawn on a log scale.
        objects: probability that a patch is placed on an object.
        repeat: share of the images below which a class is shown more often; 0 shows all alike.
    """

    def __init__(
        self, images: Sequence[Labeled], size: int, scale: tuple[float, float], objects: float, repeat: float
    ) -> None:
        self.images, self.size, self.scale, self.objects = images, size, scale, objects
        factors, self._object_chances = _chances(images, repeat)
        cumulated = np.cumsum(factors * [image.weight for image in images])
        self._below = cumulated / cumulated[-1]

    def image(self, random: np.random.Generator) -> int:
        """Number of the next image."""
        return int(self._below.searchsorted(random.random(), side="right"))

    def crop(self, number: int, width: int, height: int, random: np.random.Generator) -> Crop:
        """A crop of an image of this size."""
        image = self.images[number]
        scale = np.exp(random.uniform(*np.log(image.scale or self.scale)))
        side = min(self.size / scale, width, height)
        annotations = image.annotations
        if annotations and random.random() < self.objects:
            chances = self._object_chances[number]
            left, top, box_width, box_height = annotations[int(random.choice(len(annotations), p=chances))].box
            corner = (
                _place(left, box_width, side, width, random),
                _place(top, box_height, side, height, random),
            )
        else:
            corner = random.uniform(0, width - side), random.uniform(0, height - side)
        return Crop(number, *corner, side, random.random() < 0.5)


class CropStream(IterableDataset[Crop]):
    """An endless, seeded stream of crops of images whose sizes are known.

    Args:
        cropping: draws them.
        sizes: width and height of each image.
        seed: see :func:`generator`.
        rank: likewise.
    """

    def __init__(self, cropping: Cropping, sizes: Sequence[tuple[int, int]], seed: int = 0, rank: int = 0) -> None:
        self.cropping, self.sizes = cropping, sizes
        self.seed, self.rank = seed, rank

    def __iter__(self) -> Iterator[Crop]:
        random = generator(self.seed, self.rank)
        while True:
            number = self.cropping.image(random)
            yield self.cropping.crop(number, *self.sizes[number], random)


def generator(seed: int, rank: int) -> np.random.Generator:
    """Random numbers of one worker of a loader: a function of the seed, the rank and the worker."""
    worker = get_worker_info()
    return np.random.default_rng([seed, rank, worker.id if worker else 0])


def _chances(images: Sequence[Labeled], repeat: float) -> tuple[Floats, list[Floats]]:
    """How often each image is to be drawn, and the chance of each object on it."""
    classes = [[annotation.category_id for annotation in image.annotations or ()] for image in images]
    of_images, of_objects = repeat_factors(classes, repeat)
    return of_images, [factors / factors.sum() for factors in of_objects]


def _place(start: float, length: float, side: float, limit: float, random: np.random.Generator) -> float:
    """Where a window of ``side`` begins so that it meets the middle half of an object, inside 0..limit."""
    middle = random.uniform(start + length / 4, start + length * 3 / 4)
    return float(np.clip(middle - random.uniform(0, side), 0, limit - side))
