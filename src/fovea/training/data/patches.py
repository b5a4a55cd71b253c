"""Training patches with the weights of their pixels, cut from image files."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import IterableDataset

from fovea.datasets import open_labeled
from fovea.training.data.config import PatchConfig
from fovea.training.data.crops import Crop, CropSampler, worker_generator
from fovea.training.data.images import TrainingImage
from fovea.training.data.masks import WEIGHT_STEP, MapPainter, weight_painter

_BYTES_PER_PIXEL = 5  # Pillow stores RGB in four bytes; one more is the weight.
_DEFAULT_CACHE = 2 << 30


class Patch(NamedTuple):
    """One training sample.

    Attributes:
        image: uint8 [3, size, size], RGB.
        mask: float32 [1, size, size], 0 outside objects; on them 1, or more where errors weigh more. Below 1 it is the
            probability of an object.
    """

    image: Tensor
    mask: Tensor


class PatchStream(IterableDataset[Patch]):
    """An endless, seeded stream of random patches.

    Args:
        images: images to draw from.
        patch: how patches are made; they are not augmented.
        seed: seed; the stream is a function of the seed, the rank and the number of workers.
        rank: rank of the process.
        cache: bytes of decoded images that each worker keeps: the first images that it draws. Other images are decoded
            each time.
        paint: function that paints the mask, in units of ``WEIGHT_STEP``; None paints the weights of errors.
    """

    def __init__(
        self,
        images: list[TrainingImage],
        patch: PatchConfig,
        seed: int = 0,
        rank: int = 0,
        cache: int = _DEFAULT_CACHE,
        paint: MapPainter | None = None,
    ) -> None:
        self.images, self.patch = images, patch
        self._sampler = CropSampler(images, patch)
        self._paint = paint or weight_painter(patch)
        self.seed, self.rank = seed, rank
        self._cache: dict[int, tuple[Image.Image, Image.Image]] = {}
        self._room = cache

    def __iter__(self) -> Iterator[Patch]:
        random = worker_generator(self.seed, self.rank)
        while True:
            number = self._sampler.image(random)
            image, weights = self._load(number)
            yield self._cut(image, weights, self._sampler.crop(number, image.width, image.height, random))

    def _load(self, number: int) -> tuple[Image.Image, Image.Image]:
        if number in self._cache:
            return self._cache[number]
        item = self.images[number]
        image = Image.fromarray(open_labeled(item.path, item.size, item.upright))
        weights = Image.fromarray(self._paint(item.annotations, image.height, image.width))
        size = _BYTES_PER_PIXEL * image.width * image.height
        if size <= self._room:
            self._room -= size
            self._cache[number] = image, weights
        return image, weights

    def _cut(self, image: Image.Image, weights: Image.Image, crop: Crop) -> Patch:
        size = (self.patch.size, self.patch.size)
        box = (crop.left, crop.top, crop.left + crop.side, crop.top + crop.side)
        pixels = np.asarray(image.resize(size, Image.Resampling.BICUBIC, box))
        mask = np.asarray(weights.resize(size, Image.Resampling.NEAREST, box))
        if crop.flipped:
            pixels, mask = pixels[:, ::-1], mask[:, ::-1]
        return Patch(_tensor(pixels.transpose(2, 0, 1)), _tensor(mask[None]).float() * WEIGHT_STEP)


def _tensor(array: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(array.copy())
