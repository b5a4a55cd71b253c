"""Analysis (image → latent) and synthesis (latent → image). Both start as a linear transform, see ``basis``."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fovea.coding.tiles import REGION_LOGIT
from fovea.models.basis import Basis, markov_basis
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
        self.head = Pointwise(config.deep, config.latent - config.detail)
        self.detail = Down(config.wide, config.detail) if config.detail else None
        self.log_gain = QualityTable(config.latent, _LOG_GAIN - step_slope() / 2, _LOG_GAIN + step_slope() / 2)
        self.objectness = Objectness(config.deep, config.objectness) if config.objectness else None
        self._start_as_basis(config)

    def _start_as_basis(self, config: NetworkConfig) -> None:
        basis, level, detail = _basis(config)
        start_as(self.stem, widened(basis.patch, self.stem.weight.shape[1]))
        start_as(self.down[1], basis.merge[: config.deep])
        start_as(self.head, torch.eye(*self.head.weight.shape))
        if self.detail is not None:
            start_as(self.detail[1], basis.merge[detail])
        self.log_gain.anchors.data -= level.log()

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
        patches = x
        x = self.down(self.wide(x))
        x = self.deep(x * self.modulation(quality))
        if self.objectness is not None:
            region = self.objectness(x)
        latent = self.head(x)
        if self.detail is not None:
            latent = with_detail(latent, self.detail(patches))
        return latent.float() * self.log_gain(quality).exp(), region


def given_region(pixels: Tensor) -> Tensor:
    """Logits of a map, 0 outside, 255 inside; see :func:`fovea.coding.tiles.region_logits`."""
    return pixels * (2 * REGION_LOGIT / 255) - REGION_LOGIT


def with_detail(latent: Tensor, detail: Tensor) -> Tensor:
    """Channels of both in one latent.

    The prior codes the lower half of the channels of a latent on one color of a checkerboard and the upper half on the
    other: half of either kind comes into each.

    Example:
        >>> with_detail(torch.tensor([[0, 1, 2, 3]]), torch.tensor([[10, 11]]))
        tensor([[ 0,  1, 10,  2,  3, 11]])
    """
    half, half_detail = -(-latent.shape[1] // 2), -(-detail.shape[1] // 2)
    return torch.cat([latent[:, :half], detail[:, :half_detail], latent[:, half:], detail[:, half_detail:]], dim=1)


def without_detail(latent: Tensor, detail: int) -> tuple[Tensor, Tensor]:
    """Undo :func:`with_detail`, ``detail`` being the number of its channels."""
    rest = latent.shape[1] - detail
    half, half_detail = -(-rest // 2), -(-detail // 2)
    sizes = [half, half_detail, rest - half, detail - half_detail]
    low, low_detail, high, high_detail = torch.split(latent, sizes, dim=1)
    return torch.cat([low, high], dim=1), torch.cat([low_detail, high_detail], dim=1)


def _basis(config: NetworkConfig) -> tuple[Basis, Tensor, slice]:
    """What both transforms start as, how much each channel of the latent is amplified, and which rows are the detail.

    The strongest components are the latent that the deep part makes, as many as that has channels; the detail are those
    that follow.
    """
    made = min(config.latent - config.detail, config.deep)
    detail = slice(made, made + config.detail)
    basis = markov_basis(config.wide, max(config.deep, detail.stop), PATCH)
    level = F.pad(basis.level[:made], (0, config.latent - config.detail - made), value=1.0)
    return basis, with_detail(level[None], basis.level[None, detail]), detail


def widened(stem: Tensor, inputs: int) -> Tensor:
    """A stem matrix [wide, n] for more input channels, [wide, inputs], which it leaves unused."""
    return F.pad(stem, (0, inputs - stem.shape[1]))


class Synthesis(nn.Module):
    """Latent to image: the mirror of :class:`Analysis`."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.log_gain = QualityTable(config.latent, step_slope() / 2 - _LOG_GAIN, -step_slope() / 2 - _LOG_GAIN)
        self.head = Pointwise(config.latent - config.detail, config.deep)
        self.details = config.detail
        self.detail = Up(config.detail, config.wide) if config.detail else None
        self.modulation = QualityTable(config.deep, 1.0, 1.0)
        self.deep = stack(config.deep, config.deep_blocks)
        self.up = Up(config.deep, config.wide)
        self.wide = stack(config.wide, config.wide_blocks)
        self.stem = Pointwise(config.wide, 3 * PATCH**2)
        self._start_as_basis(config)

    def _start_as_basis(self, config: NetworkConfig) -> None:
        basis, level, detail = _basis(config)
        start_as(self.head, torch.eye(*self.head.weight.shape))
        start_as(self.up[0], basis.unmerge[:, : config.deep])
        if self.detail is not None:
            start_as(self.detail[0], basis.unmerge[:, detail])
        start_as(self.stem, basis.unpatch)
        self.log_gain.anchors.data += level.log()

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
        scaled = latent * self.log_gain(quality).exp()
        made, detail = without_detail(scaled, self.details)
        x = self.up(self.deep(self.head(made) * self.modulation(quality)))
        x = self.wide(x)
        return x if self.detail is None else x + self.detail(detail)
