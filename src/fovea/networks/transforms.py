"""Analysis (image → latent) and synthesis (latent → image). Both start as a linear transform, see ``basis``."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fovea.networks.basis import Basis, markov_basis
from fovea.networks.config import NetworkConfig
from fovea.networks.controls import ControlTable
from fovea.networks.layers import Down, Pointwise, Up, signed, stack
from fovea.networks.objectness import Objectness
from fovea.networks.pixels import PATCH
from fovea.networks.quantization import analysis_log_gain, synthesis_log_gain
from fovea.spec import REGION_LOGIT, STRIDE


class Analysis(nn.Module):
    """Turns an image into a latent, which is scaled by the learned gains for the controls."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.stem = Pointwise(config.inputs * PATCH**2, config.wide)
        self.wide = stack(config.wide, config.wide_blocks, config.kernel)
        self.down = Down(config.wide, config.deep)
        self.modulation = ControlTable(config.deep, 1.0, 1.0, config.background)
        self.region = Pointwise(1, config.deep, scale=0.1) if config.background else None
        self.deep = stack(config.deep, config.deep_blocks, config.kernel)
        self.head = Pointwise(config.deep, config.latent - config.detail)
        self.detail = Down(config.wide, config.detail) if config.detail else None
        self.log_gain = analysis_log_gain(config)
        self.objectness = Objectness(config.deep, config.objectness) if config.objectness else None
        self._start_as_basis(config)

    def _start_as_basis(self, config: NetworkConfig) -> None:
        basis, level, detail = _basis(config)
        self.stem.set_weight(fitted(basis.patch, *self.stem.weight.shape))
        self.down.pointwise.set_weight(fitted(basis.merge, config.deep, 4 * config.wide))
        self.head.set_weight(torch.eye(*self.head.weight.shape))
        if self.detail is not None:
            self.detail.pointwise.set_weight(basis.merge[detail])
        self.log_gain.anchors.data -= level.log()

    def forward(self, image: Tensor, controls: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the latent of an image, and its region of interest.

        Args:
            image: [B, 3, H, W], 0..255; H and W are multiples of 32. A network that takes a map of the region of
                interest takes [B, 4, H, W]: the map is the last channel, 0 outside and 255 inside.
            controls: int64 [B] or [B, 2], see :func:`fovea.networks.controls.stack_controls`.

        Returns:
            y, [B, latent, H/16, W/16], float32, in quantization steps inside the region; and the logits of the region
            that is given or found, [B, 1, H/16, W/16], None for a network that knows no region.
        """
        region = map_logits(F.avg_pool2d(image[:, 3:], STRIDE)) if image.shape[1] > 3 else None
        pixels = image if self.region is None else image[:, :3]
        return self.from_stem(self.stem(F.pixel_unshuffle(pixels / 127.5 - 1, PATCH)), controls, region)

    def from_stem(self, x: Tensor, controls: Tensor, region: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Run all that follows the stem on its output [B, wide, H/8, W/8]; a given ``region`` is passed on."""
        patches = x
        x = self.down(self.wide(x)) * self.modulation(controls)
        if self.region is not None and region is not None:
            x = x + self.region(signed(region))
        x = self.deep(x)
        if self.objectness is not None:
            region = self.objectness(x)
        latent = self.head(x)
        if self.detail is not None:
            latent = with_detail(latent, self.detail(patches))
        return latent.float() * self.log_gain(controls).exp(), region


def map_logits(pixels: Tensor) -> Tensor:
    """Return the logits of a map with values 0 (outside) to 255 (inside); same shape, within ±``REGION_LOGIT``.

    :func:`fovea.coding.tiles.region_logits` computes the same without torch.
    """
    return pixels * (2 * REGION_LOGIT / 255) - REGION_LOGIT


def with_detail(latent: Tensor, detail: Tensor) -> Tensor:
    """Join the channels of both in one latent, [B, channels + detail, ...].

    The prior codes the lower half of the channels of a latent on one color of a checkerboard and the upper half on the
    other. Each half therefore gets half of the channels of either kind.

    Example:
        >>> with_detail(torch.tensor([[0, 1, 2, 3]]), torch.tensor([[10, 11]]))
        tensor([[ 0,  1, 10,  2,  3, 11]])
    """
    half, half_detail = -(-latent.shape[1] // 2), -(-detail.shape[1] // 2)
    return torch.cat([latent[:, :half], detail[:, :half_detail], latent[:, half:], detail[:, half_detail:]], dim=1)


def without_detail(latent: Tensor, detail: int) -> tuple[Tensor, Tensor]:
    """Undo :func:`with_detail`, given the number of channels that are detail."""
    rest = latent.shape[1] - detail
    half, half_detail = -(-rest // 2), -(-detail // 2)
    sizes = [half, half_detail, rest - half, detail - half_detail]
    low, low_detail, high, high_detail = torch.split(latent, sizes, dim=1)
    return torch.cat([low, high], dim=1), torch.cat([low_detail, high_detail], dim=1)


def _basis(config: NetworkConfig) -> tuple[Basis, Tensor, slice]:
    """Return the initial transform, the amplification of each latent channel, and which rows are the detail.

    The strongest components are those that the deep part computes, as many as it has channels. The detail is the
    components that follow.
    """
    made = min(config.latent - config.detail, config.deep)
    detail = slice(made, made + config.detail)
    basis = markov_basis(config.wide, max(config.deep, detail.stop), PATCH)
    level = F.pad(basis.level[:made], (0, config.latent - config.detail - made), value=1.0)
    return basis, with_detail(level[None], basis.level[None, detail]), detail


def fitted(matrix: Tensor, rows: int, columns: int) -> Tensor:
    """Return a matrix in another size: cut, or with 0 in new rows and columns."""
    return F.pad(matrix, (0, columns - matrix.shape[1], 0, rows - matrix.shape[0]))


class Synthesis(nn.Module):
    """Turns a latent into an image: the mirror of :class:`Analysis`, whose sizes may differ."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        size = config.synthesis
        self.log_gain = synthesis_log_gain(config)
        self.head = Pointwise(config.latent - config.detail, size.deep)
        self.details = config.detail
        self.detail = Up(config.detail, size.wide) if config.detail else None
        self.modulation = ControlTable(size.deep, 1.0, 1.0, config.background)
        self.deep = stack(size.deep, size.deep_blocks, size.kernel)
        self.up = Up(size.deep, size.wide)
        self.wide = stack(size.wide, size.wide_blocks, size.kernel)
        self.stem = Pointwise(size.wide, 3 * PATCH**2)
        self._start_as_basis(config)

    def _start_as_basis(self, config: NetworkConfig) -> None:
        basis, level, detail = _basis(config)
        size = config.synthesis
        self.head.set_weight(torch.eye(*self.head.weight.shape))
        # The features of patches are the same for any width, strongest first. Those that one side lacks are 0.
        self.up.pointwise.set_weight(fitted(basis.unmerge, 4 * size.wide, size.deep))
        if self.detail is not None:
            self.detail.pointwise.set_weight(fitted(basis.unmerge[:, detail], 4 * size.wide, config.detail))
        self.stem.set_weight(markov_basis(size.wide, 1, PATCH).unpatch)
        self.log_gain.anchors.data += level.log()

    def forward(self, latent: Tensor, controls: Tensor) -> Tensor:
        """Return the image of a latent.

        Args:
            latent: ŷ, [B, latent, h, w], in quantization steps.
            controls: int64 [B] or [B, 2], see :func:`fovea.networks.controls.stack_controls`.

        Returns:
            [B, 3, 16h, 16w], around 0..255, not clipped.
        """
        x = self.to_stem(latent, controls)
        return F.pixel_shuffle(self.stem(x), PATCH).float() * 127.5 + 127.5

    def to_stem(self, latent: Tensor, controls: Tensor) -> Tensor:
        """Run all that precedes the stem: latent to [B, wide, H/8, W/8]."""
        scaled = latent * self.log_gain(controls).exp()
        made, detail = without_detail(scaled, self.details)
        x = self.up(self.deep(self.head(made) * self.modulation(controls)))
        x = self.wide(x)
        return x if self.detail is None else x + self.detail(detail)
