"""Analysis (image → latent) and synthesis (latent → image). Both start as a linear transform, see ``basis``."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fovea.coding.tiles import REGION_LOGIT
from fovea.models.basis import markov_basis
from fovea.models.config import NetworkConfig
from fovea.models.layers import Down, Pointwise, Up, stack, start_as
from fovea.models.objectness import Objectness
from fovea.models.quality import QualityTable, step_slope

PATCH = 8
STRIDE = 16
# Log gain at quality 50 over an orthonormal transform of pixels within ±1: steps of about 70 8-bit levels.
_LOG_GAIN = 0.6


class Analysis(nn.Module):
    """Image to latent, scaled by the learned gain of the wanted quality."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.stem = Pointwise(config.inputs * PATCH**2, config.wide)
        self.wide = stack(config.wide, config.wide_blocks)
        self.down = Down(config.wide, config.deep)
        self.modulation = QualityTable(config.deep, 1.0, 1.0)
        self.deep = stack(config.deep, config.deep_blocks)
        self.head = Pointwise(config.deep, config.latent)
        self.log_gain = QualityTable(config.latent, _LOG_GAIN - step_slope() / 2, _LOG_GAIN + step_slope() / 2)
        self.objectness = Objectness(config.deep, config.objectness) if config.objectness else None
        self._start_as_basis()

    def _start_as_basis(self) -> None:
        basis = markov_basis(self.stem.weight.shape[0], self.head.weight.shape[1], PATCH)
        start_as(self.stem, widened(basis.patch, self.stem.weight.shape[1]))
        start_as(self.down[1], basis.merge)
        start_as(self.head, torch.eye(*self.head.weight.shape))
        level = basis.level[: len(self.head.weight)]
        self.log_gain.anchors.data[:, : len(level)] -= level.log()

    def forward(self, image: Tensor, quality: Tensor) -> tuple[Tensor, Tensor | None]:
        """Latent of an image, and its region of interest.

        Args:
            image: [B, 3, H, W], 0..255; H and W multiples of 32. Of a network with a region of interest
                [B, 4, H, W]: its map comes last, 0 outside, 255 inside.
            quality: int64 [B], 0..100.

        Returns:
            y, [B, latent, H/16, W/16], float32, in quantization steps inside the region; and the logits of the region
            that is given or found, [B, 1, H/16, W/16], None of a network that knows no region.
        """
        region = given_region(F.avg_pool2d(image[:, 3:], STRIDE)) if image.shape[1] > 3 else None
        return self.from_stem(self.stem(F.pixel_unshuffle(image / 127.5 - 1, PATCH)), quality, region)

    def from_stem(self, x: Tensor, quality: Tensor, region: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """All that follows the stem, [B, wide, H/8, W/8]; ``region``, if one is given, is passed on."""
        x = self.down(self.wide(x))
        x = self.deep(x * self.modulation(quality))
        if self.objectness is not None:
            region = self.objectness(x)
        return self.head(x).float() * self.log_gain(quality).exp(), region


def given_region(pixels: Tensor) -> Tensor:
    """Logits of a map, 0 outside, 255 inside; see :func:`fovea.coding.tiles.region_logits`."""
    return pixels * (2 * REGION_LOGIT / 255) - REGION_LOGIT


def widened(stem: Tensor, inputs: int) -> Tensor:
    """A stem matrix [wide, n] for more input channels, [wide, inputs], which it leaves unused."""
    return F.pad(stem, (0, inputs - stem.shape[1]))


class Synthesis(nn.Module):
    """Latent to image: the mirror of :class:`Analysis`."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.log_gain = QualityTable(config.latent, step_slope() / 2 - _LOG_GAIN, -step_slope() / 2 - _LOG_GAIN)
        self.head = Pointwise(config.latent, config.deep)
        self.modulation = QualityTable(config.deep, 1.0, 1.0)
        self.deep = stack(config.deep, config.deep_blocks)
        self.up = Up(config.deep, config.wide)
        self.wide = stack(config.wide, config.wide_blocks)
        self.stem = Pointwise(config.wide, 3 * PATCH**2)
        self._start_as_basis()

    def _start_as_basis(self) -> None:
        basis = markov_basis(self.stem.weight.shape[1], self.head.weight.shape[0], PATCH)
        start_as(self.head, torch.eye(*self.head.weight.shape))
        start_as(self.up[0], basis.unmerge)
        start_as(self.stem, basis.unpatch)
        level = basis.level[: self.head.weight.shape[1]]
        self.log_gain.anchors.data[:, : len(level)] += level.log()

    def forward(self, latent: Tensor, quality: Tensor) -> Tensor:
        """Image of a latent.

        Args:
            latent: ŷ, [B, latent, h, w], in quantization steps.
            quality: int64 [B], 0..100.

        Returns:
            [B, 3, 16h, 16w], around 0..255, not clipped.
        """
        x = self.to_stem(latent, quality)
        return F.pixel_shuffle(self.stem(x), PATCH).float() * 127.5 + 127.5

    def to_stem(self, latent: Tensor, quality: Tensor) -> Tensor:
        """All that precedes the stem: latent to [B, wide, H/8, W/8]."""
        x = self.head(latent * self.log_gain(quality).exp())
        return self.wide(self.up(self.deep(x * self.modulation(quality))))
