"""Training patches: random crops that keep objects in view, with their object masks."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from fovea.errors import DatasetError
from fovea.picture import image_suffixes, open_labeled
from fovea.training.balance import Floats, repeat_factors
from fovea.training.masks import WEIGHT_STEP, MaskSource, object_weights


class Patch(NamedTuple):
    """One training sample.

    Attributes:
        image: uint8 [3, size, size].
        mask: float32 [1, size, size], 0 outside objects; on them 1, or more where errors count more.
    """

    image: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Labeled:
    """An image file, and what there is to know of the objects on it.

    Attributes:
        path: of the image.
        annotations: COCO annotations of its objects.
        size: width and height that these were made for.
        upright: whether they count pixels of the image as shown, even where it is stored in this size.
    """

    path: Path
    annotations: tuple[dict[str, Any], ...]
    size: tuple[int, int] | None = None
    upright: bool = False


def read_coco(annotations: Path, images: Path) -> list[Labeled]:
    """Images of a COCO json with their annotations.

    Args:
        annotations: COCO json file.
        images: folder of its images.

    Raises:
        DatasetError: the json cannot be read, is not COCO, or names an image that is not there.
    """
    try:
        coco = json.loads(annotations.read_text())
        of_image: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in coco["images"]}
        for annotation in coco["annotations"]:
            of_image[annotation["image_id"]].append(annotation)
        labeled = [
            Labeled(
                images / image["file_name"],
                tuple(of_image[image["id"]]),
                (image["width"], image["height"]),
                bool(image.get("upright")),
            )
            for image in coco["images"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{annotations} is no readable COCO json: {error!r}") from error
    missing = [item.path.name for item in labeled if not item.path.is_file()]
    if missing:
        raise DatasetError(f"{annotations} names {len(missing)} images that are not in {images}, first {missing[0]}")
    if not labeled:
        raise DatasetError(f"{annotations} has no images")
    return labeled


def read_folder(images: Path) -> list[Labeled]:
    """All images below a folder, without annotations: enough to train with plain MSE."""
    suffixes = image_suffixes()
    found = sorted(path for path in images.rglob("*") if path.suffix.lower() in suffixes)
    if not found:
        raise DatasetError(f"no images below {images}")
    return [Labeled(path, ()) for path in found]


_BYTES_A_PIXEL = 5  # Pillow keeps RGB in four bytes; and the weights


class PatchStream(IterableDataset[Patch]):
    """An endless, seeded stream of random patches.

    Each patch is a random square of an image, scaled to ``size``: the scale jitter shows objects and textures at
    many resolutions. With ``objects`` probability the square is placed so that it meets a random object. Images and
    objects are drawn by their factors, see :func:`fovea.training.balance.repeat_factors`.

    Args:
        images: what to draw from.
        size: side of a patch, pixels.
        scale: range of the scale jitter, drawn on a log scale.
        objects: probability that a patch is placed on an object.
        source: masks or boxes.
        dilation: of the masks, pixels.
        small: extra weight of small objects, see :func:`fovea.training.masks.object_weights`.
        edges: extra weight of the edges of objects.
        repeat: share of the images below which a class is shown more often; 0 shows all alike.
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
        self.images, self.size, self.scale, self.objects = images, size, scale, objects
        self.source, self.dilation, self.small, self.edges = source, dilation, small, edges
        self.seed, self.rank = seed, rank
        self._image_chances: Floats | None = None
        self._object_chances: list[Floats] | None = None
        if repeat:
            self._image_chances, self._object_chances = _chances(images, repeat)
        self._cache: dict[int, tuple[Image.Image, Image.Image]] = {}
        self._room = cache

    def __iter__(self) -> Iterator[Patch]:
        worker = get_worker_info()
        random = np.random.default_rng([self.seed, self.rank, worker.id if worker else 0])
        while True:
            yield self._draw(int(random.choice(len(self.images), p=self._image_chances)), random)

    def _load(self, number: int) -> tuple[Image.Image, Image.Image]:
        if number in self._cache:
            return self._cache[number]
        item = self.images[number]
        image = Image.fromarray(open_labeled(item.path, item.size, item.upright))
        weights = Image.fromarray(
            object_weights(
                item.annotations, image.height, image.width, self.source, self.dilation, self.small, self.edges
            )
        )
        size = _BYTES_A_PIXEL * image.width * image.height
        if size <= self._room:
            self._room -= size
            self._cache[number] = image, weights
        return image, weights

    def _draw(self, number: int, random: np.random.Generator) -> Patch:
        image, mask = self._load(number)
        scale = np.exp(random.uniform(*np.log(self.scale)))
        side = min(self.size / scale, image.width, image.height)
        annotations = self.images[number].annotations
        if annotations and random.random() < self.objects:
            chances = self._object_chances and self._object_chances[number]
            left, top, width, height = annotations[int(random.choice(len(annotations), p=chances))]["bbox"]
            corner = [
                _place(left, width, side, image.width, random),
                _place(top, height, side, image.height, random),
            ]
        else:
            corner = [random.uniform(0, image.width - side), random.uniform(0, image.height - side)]
        box = (corner[0], corner[1], corner[0] + side, corner[1] + side)
        pixels = np.asarray(image.resize((self.size, self.size), Image.Resampling.BICUBIC, box))
        weights = np.asarray(mask.resize((self.size, self.size), Image.Resampling.NEAREST, box))
        if random.random() < 0.5:
            pixels, weights = pixels[:, ::-1], weights[:, ::-1]
        return Patch(_tensor(pixels.transpose(2, 0, 1)), _tensor(weights[None]).float() * WEIGHT_STEP)


def _chances(images: list[Labeled], repeat: float) -> tuple[Floats, list[Floats]]:
    """Chance of each image, and of each object on it, to be drawn."""
    classes = [[annotation.get("category_id", 0) for annotation in image.annotations] for image in images]
    of_images, of_objects = repeat_factors(classes, repeat)
    return of_images / of_images.sum(), [factors / factors.sum() for factors in of_objects]


def _place(start: float, length: float, side: float, limit: float, random: np.random.Generator) -> float:
    """Where a window of ``side`` begins so that it meets the middle half of an object, inside 0..limit."""
    middle = random.uniform(start + length / 4, start + length * 3 / 4)
    return float(np.clip(middle - random.uniform(0, side), 0, limit - side))


def _tensor(array: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(array.copy())
