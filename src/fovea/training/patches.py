"""Training patches with their object masks: cut from files as needed, or from images that stay on the device."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import IterableDataset

from fovea.datasets import Annotation, open_labeled
from fovea.engine.base import available_cores
from fovea.training.crops import Crop, Cropping, generator
from fovea.training.data import Labeled
from fovea.training.masks import WEIGHT_STEP, MaskSource, object_weights

Annotations = Sequence[Annotation] | None
Paint = Callable[[Annotations, int, int], NDArray[np.uint8]]
"""Draws what annotations say on an image of a height and a width."""


def painted_weights(source: MaskSource, dilation: int, small: float, edges: float) -> Paint:
    """What :func:`fovea.training.masks.object_weights` draws with these settings; everything counts without labels."""
    return partial(_weights, source=source, dilation=dilation, small=small, edges=edges)


def _weights(annotations: Annotations, height: int, width: int, **settings: Any) -> NDArray[np.uint8]:
    if annotations is None:
        return np.full((height, width), round(1 / WEIGHT_STEP), np.uint8)
    return object_weights(annotations, height, width, **settings)


_BYTES_A_PIXEL = 5  # Pillow keeps RGB in four bytes; and the weights


class Patch(NamedTuple):
    """One training sample.

    Attributes:
        image: uint8 [3, size, size].
        mask: float32 [1, size, size], 0 outside objects; on them 1, or more where errors count more.
    """

    image: Tensor
    mask: Tensor


class PatchStream(IterableDataset[Patch]):
    """An endless, seeded stream of random patches.

    Args:
        images: what to draw from.
        size: see :class:`fovea.training.crops.Cropping`; likewise scale, objects and repeat.
        source: masks or boxes.
        dilation: of the masks, pixels.
        small: extra weight of small objects, see :func:`fovea.training.masks.object_weights`.
        edges: extra weight of the edges of objects.
        seed: the stream is a function of the seed, the rank and the number of workers.
        cache: bytes of decoded images that each worker keeps, first come; what is drawn beyond is decoded each time.
    """

    def __init__(
        self,
        images: list[Labeled],
        size: int = 256,
        scale: tuple[float, float] = (0.7, 1.5),
        objects: float = 0.8,
        source: MaskSource = "mask",
        dilation: int = 0,
        small: float = 0.0,
        edges: float = 0.0,
        repeat: float = 0.0,
        seed: int = 0,
        rank: int = 0,
        cache: int = 2 << 30,
    ) -> None:
        self.images, self.size = images, size
        self._cropping = Cropping(images, size, scale, objects, repeat)
        self._paint = painted_weights(source, dilation, small, edges)
        self.seed, self.rank = seed, rank
        self._cache: dict[int, tuple[Image.Image, Image.Image]] = {}
        self._room = cache

    def __iter__(self) -> Iterator[Patch]:
        random = generator(self.seed, self.rank)
        while True:
            number = self._cropping.image(random)
            image, weights = self._load(number)
            yield self._cut(image, weights, self._cropping.crop(number, image.width, image.height, random))

    def _load(self, number: int) -> tuple[Image.Image, Image.Image]:
        if number in self._cache:
            return self._cache[number]
        item = self.images[number]
        image = Image.fromarray(open_labeled(item.path, item.size, item.upright))
        weights = Image.fromarray(self._paint(item.annotations, image.height, image.width))
        size = _BYTES_A_PIXEL * image.width * image.height
        if size <= self._room:
            self._room -= size
            self._cache[number] = image, weights
        return image, weights

    def _cut(self, image: Image.Image, weights: Image.Image, crop: Crop) -> Patch:
        box = (crop.left, crop.top, crop.left + crop.side, crop.top + crop.side)
        pixels = np.asarray(image.resize((self.size, self.size), Image.Resampling.BICUBIC, box))
        mask = np.asarray(weights.resize((self.size, self.size), Image.Resampling.NEAREST, box))
        if crop.flipped:
            pixels, mask = pixels[:, ::-1], mask[:, ::-1]
        return Patch(_tensor(pixels.transpose(2, 0, 1)), _tensor(mask[None]).float() * WEIGHT_STEP)


def _tensor(array: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(array.copy())


class ResidentImages(torch.nn.Module):
    """All images, decoded, and maps of what is on them, on the device that trains, which cuts the patches itself.

    Where a GPU trains a small network, cutting patches is more work for the CPU than training on them is for the GPU.
    Takes 3 bytes of the device's memory, and 1 for each map, for each pixel of the largest width by the largest
    height, times the images.

    Args:
        images: to be kept.
        size: side of a patch, pixels.
        paint: makes the maps, uint8 [height, width, maps], from annotations, height and width.
    """

    images: Tensor
    maps: Tensor

    def __init__(self, images: Sequence[Labeled], size: int, paint: Paint) -> None:
        super().__init__()
        with ThreadPoolExecutor(available_cores()) as threads:
            decoded = list(threads.map(partial(_decoded, paint=paint), images))
        self.size = size
        self.sizes = [(planes.shape[2], planes.shape[1]) for planes in decoded]
        width, height = (max(sides) for sides in zip(*self.sizes, strict=True))
        padded = torch.empty(len(decoded), len(decoded[0]), height, width, dtype=torch.uint8)
        for number, planes in enumerate(decoded):
            # Beyond its edges an image goes on as it ends, for the taps of the filter.
            beyond = (0, width - planes.shape[2], 0, height - planes.shape[1])
            padded[number] = F.pad(planes[None], beyond, "replicate")[0]
        self.register_buffer("images", padded[:, :3], persistent=False)
        self.register_buffer("maps", padded[:, 3:], persistent=False)

    def cut(self, crops: Crop) -> tuple[Tensor, Tensor]:
        """A batch of patches.

        Args:
            crops: a batch; each field a tensor [B].

        Returns:
            Images, uint8 [B, 3, size, size], as :class:`PatchStream` gives them but for the filter, which does not
            smooth where an image is made smaller; and their maps, uint8 [B, maps, size, size]. On the device of the
            images.
        """
        device = self.images.device
        number, left, top, side, flipped = (torch.as_tensor(field, device=device) for field in crops)
        height, width = self.images.shape[2:]
        step = (torch.arange(self.size, device=device) + 0.5) / self.size
        along = torch.where(flipped[:, None], 1 - step, step) * side[:, None].float()
        x = (left[:, None].float() + along) * (2 / width) - 1
        y = (top[:, None].float() + step * side[:, None].float()) * (2 / height) - 1
        shape = (len(number), self.size, self.size)
        grid = torch.stack([x[:, None, :].expand(shape), y[:, :, None].expand(shape)], dim=-1)
        pixels = F.grid_sample(self.images[number].float(), grid, "bicubic", "border", align_corners=False)
        maps = F.grid_sample(self.maps[number].float(), grid, "nearest", "border", align_corners=False)
        return pixels.round().clamp(0, 255).byte(), maps.byte()


def _decoded(item: Labeled, paint: Paint) -> Tensor:
    """An image and the maps of what is on it, uint8 [3 + maps, H, W]."""
    pixels = open_labeled(item.path, item.size, item.upright)
    return torch.from_numpy(np.dstack([pixels, paint(item.annotations, *pixels.shape[:2])])).permute(2, 0, 1)
