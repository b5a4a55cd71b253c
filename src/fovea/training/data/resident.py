"""Decoded images that stay on the training device, which also cuts the patches."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fovea.datasets import open_labeled
from fovea.engine import available_cores
from fovea.parallel import parallel
from fovea.training.data.crops import Crop
from fovea.training.data.images import TrainingImage
from fovea.training.data.masks import MapPainter


class ResidentImages(torch.nn.Module):
    """All images, decoded, with maps of their objects, on the training device.

    Where a GPU trains a small network, cutting patches takes longer on the CPU than training on them takes on the GPU.
    All images are padded to the largest width and the largest height. Each then takes 3 bytes of device memory per
    pixel, and 1 byte more for each map.

    Args:
        images: images to keep.
        size: side of a patch in pixels.
        paint: function that paints the maps, uint8 [height, width] or [height, width, maps].
    """

    images: Tensor
    maps: Tensor

    def __init__(self, images: Sequence[TrainingImage], size: int, paint: MapPainter) -> None:
        super().__init__()
        decoded = parallel(partial(_decode, paint=paint), images, available_cores())
        self.size = size
        self.sizes = [(planes.shape[2], planes.shape[1]) for planes in decoded]
        width, height = (max(sides) for sides in zip(*self.sizes, strict=True))
        padded = torch.empty(len(decoded), len(decoded[0]), height, width, dtype=torch.uint8)
        for number, planes in enumerate(decoded):
            # The filter also reads values beyond the image, so the last row and column are repeated there.
            beyond = (0, width - planes.shape[2], 0, height - planes.shape[1])
            padded[number] = F.pad(planes[None], beyond, "replicate")[0]
        self.register_buffer("images", padded[:, :3], persistent=False)
        self.register_buffer("maps", padded[:, 3:], persistent=False)

    def cut(self, crops: Crop) -> tuple[Tensor, Tensor]:
        """Cut a batch of patches.

        Args:
            crops: batch of crops; each field is a tensor [B].

        Returns:
            Images, uint8 [B, 3, size, size], and maps, uint8 [B, maps, size, size], on the device of the images. They
            equal those of :class:`fovea.training.data.patches.PatchStream`, but this filter does not smooth an image
            that it reduces.
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


def _decode(item: TrainingImage, paint: MapPainter) -> Tensor:
    """Return an image and the maps of its objects, uint8 [3 + maps, H, W]."""
    pixels = open_labeled(item.path, item.size, item.upright)
    return torch.from_numpy(np.dstack([pixels, paint(item.annotations, *pixels.shape[:2])])).permute(2, 0, 1)
