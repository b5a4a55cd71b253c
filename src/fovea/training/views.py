"""From where, and in what light, a recognizer sees the patches of one training step."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

# Of the coarsest features of most networks, pixels.
_STRIDE = 32
_GRAY = 127.5
_MIRRORED, _UPSIDE_DOWN, _TRANSPOSED, _ORIENTATIONS = 1, 2, 4, 8


@dataclass(frozen=True)
class View:
    """One way to look at patches.

    Attributes:
        zoom: factor by which they are scaled, to multiples of 32 pixels.
        gains: of the red, green and blue channel around middle gray.
        orientation: which of the eight that turning and mirroring give, 0..7.
    """

    zoom: float = 1.0
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    orientation: int = 0

    def of(self, image: Tensor, height: int, width: int) -> Tensor:
        """What a network sees of images [B, 3, H, W], 0..255, that sees this height and width in the plain view."""
        size = (width, height) if self.orientation & _TRANSPOSED else (height, width)
        if self.zoom != 1:
            size = (_zoomed(size[0], self.zoom), _zoomed(size[1], self.zoom))
        if size != image.shape[2:]:
            image = F.interpolate(image, size, mode="bilinear", align_corners=False)
        if self.gains != (1.0, 1.0, 1.0):
            image = (image - _GRAY) * image.new_tensor(self.gains).view(3, 1, 1) + _GRAY
        return self.turned(image)

    def turned(self, planes: Tensor) -> Tensor:
        """Planes [B, C, H, W], such as the weights of errors, in the orientation of the view."""
        if self.orientation & _MIRRORED:
            planes = planes.flip(3)
        if self.orientation & _UPSIDE_DOWN:
            planes = planes.flip(2)
        if self.orientation & _TRANSPOSED:
            planes = planes.transpose(2, 3)
        return planes


@dataclass(frozen=True)
class Views:
    """Ways to look at patches, to be drawn from: a distance that holds in each is harder to fool than in one alone.

    After E-LPIPS (Kettunen, Härkönen and Lehtinen, 2019), which does so with a network that judges pictures for people.

    Attributes:
        zoom: smallest and largest factor of size, drawn on a log scale.
        contrast: smallest and largest factor of contrast of each channel, drawn on a log scale.
        turning: whether patches are mirrored and turned by quarters.
    """

    zoom: tuple[float, float] = (1.0, 1.0)
    contrast: tuple[float, float] = (1.0, 1.0)
    turning: bool = False

    def draw(self) -> View:
        """One of them, by torch's random numbers."""
        zoom = _between(*self.zoom)
        red, green, blue = (_between(*self.contrast) for _ in range(3))
        orientation = int(torch.randint(_ORIENTATIONS, ()).item()) if self.turning else 0
        return View(zoom, (red, green, blue), orientation)


PLAIN = Views()
"""Patches as they are."""


def _zoomed(side: int, zoom: float) -> int:
    return max(_STRIDE, round(side * zoom / _STRIDE) * _STRIDE)


def _between(least: float, most: float) -> float:
    if least == most:
        return least
    return float(least * math.exp(math.log(most / least) * torch.rand(()).item()))
