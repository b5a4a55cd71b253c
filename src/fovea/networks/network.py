"""The whole codec network in the form that is trained."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from fovea.networks.config import NetworkConfig
from fovea.networks.controls import ControlTable, look_up
from fovea.networks.integer import straight_through
from fovea.networks.means import means_network
from fovea.networks.prior import INDEX_MAX, HyperAnalysis, ScaleNetwork
from fovea.networks.rate import gaussian_bits
from fovea.networks.transforms import Analysis, Synthesis
from fovea.spec import HYPER_STRIDE

# Scale indices span 0..63 while optimizers take steps of about 0.001: they are learned in units of 20.
_INDEX_UNIT = 20


class Coded(NamedTuple):
    """A coded batch, as training needs it.

    Attributes:
        image: decoded image, [B, 3, H, W], around 0..255.
        latent_bits: estimated bits of y of each sample, [B].
        hyper_bits: estimated bits of z of each sample, [B].
        latent: decoded latent ŷ, [B, latent, H/16, W/16].
        region: logits of the region of interest, [B, n, H/16, W/16]: the region that an encoder with objectness found
            comes first, then the region that z describes to the decoder. None for a network that knows no region.
    """

    image: Tensor
    latent_bits: Tensor
    hyper_bits: Tensor
    latent: Tensor
    region: Tensor | None


class CodecNetwork(nn.Module):
    """The transforms and the prior of one codec."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.analysis = Analysis(config)
        self.synthesis = Synthesis(config)
        self.hyper_analysis = HyperAnalysis(config)
        self.scales = ScaleNetwork(config)
        self.means = means_network(config)
        self.hyper_index = ControlTable(config.hyper, 1.0, 1.0, config.background)

    def hyper_index_tables(self) -> list[Tensor]:
        """Return the scale indices of z before rounding by quality, and their changes by background: [101, hyper]."""
        return [_INDEX_UNIT * table for table in self.hyper_index.tables()]

    def hyper_indices(self, controls: Tensor) -> Tensor:
        """Return the scale indices of z, which depend on the controls and the channel alone: [B, hyper, 1, 1]."""
        tables = [straight_through(table, table.round()) for table in self.hyper_index_tables()]
        return look_up(tables, controls).clamp(1, INDEX_MAX)

    def quantize(
        self, latent: Tensor, index: Tensor, z: Tensor, controls: Tensor
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Round the latent around its means, which are predicted in several steps.

        Positions of scale index 0 are skipped: their residual is 0 and costs nothing.

        Args:
            latent: y, [B, latent, h, w].
            index: scale indices, same shape.
            z: rounded hyper-latent, [B, hyper, h/4, w/4], from which means and steps are predicted.
            controls: int64 [B] or [B, 2], see :func:`fovea.networks.controls.stack_controls`.

        Returns:
            The decoded latent ŷ with straight-through gradients; the residual (y − μ)/step before rounding; and the
            logits of the region of interest that z describes, [B, 1, h, w], None for a network that knows none.
        """
        return self.means.quantize(latent, index, z, controls)

    def analyze(self, image: Tensor, controls: Tensor, region: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return the latent y of a batch, and its region of interest.

        Args:
            image: [B, 3, H, W], 0..255.
            controls: int64 [B] or [B, 2], see :func:`fovea.networks.controls.stack_controls`.
            region: map of the region of interest, [B, 1, H, W], 0 outside and 1 inside, for a network that takes one;
                None means that the region is the whole image. Other networks ignore it.

        Returns:
            The same as :meth:`Analysis.forward`.
        """
        if self.config.takes_map:
            inside = torch.ones_like(image[:, :1]) if region is None else region.to(image.dtype)
            image = _channels_last(torch.cat([image, 255 * inside], dim=1))
        return self.analysis(image, controls)

    def forward(self, image: Tensor, controls: Tensor, region: Tensor | None = None) -> Coded:
        """Code and decode a batch.

        In training mode, noise replaces rounding where the rate is estimated, so that the rate has gradients. In
        evaluation mode, the bits are those of the values that would be written.

        Args:
            image: [B, 3, H, W], 0..255; H and W are multiples of 64.
            controls: int64 [B] or [B, 2], see :func:`fovea.networks.controls.stack_controls`.
            region: see :meth:`analyze`.

        Raises:
            ValueError: height or width is no multiple of 64.
        """
        if image.shape[2] % HYPER_STRIDE or image.shape[3] % HYPER_STRIDE:
            raise ValueError(f"height and width must be multiples of {HYPER_STRIDE}, got {tuple(image.shape[2:])}")
        latent, found = self.analyze(image, controls, region)
        z = self.hyper_analysis(latent, controls, found)
        hyper_bits = gaussian_bits(self._rounded(z), self.hyper_indices(controls).expand_as(z))
        z = straight_through(z, z.round())
        index = self.scales(z, controls)
        decoded, residual, described = self.quantize(latent, index, z, controls)
        latent_bits = gaussian_bits(self._rounded(residual), index)
        if not self.training:
            # Skipped values cost nothing. In training they still cost bits, or the network would never code them again.
            latent_bits = latent_bits * (index > 0)
        bits, side_bits = latent_bits.sum(dim=(1, 2, 3)), hyper_bits.sum(dim=(1, 2, 3))
        # A given map needs no training. A region that the encoder finds does, and so does what z describes.
        learned = [logits for logits in (None if self.config.takes_map else found, described) if logits is not None]
        region = torch.cat(learned, dim=1) if learned else None
        return Coded(self.synthesis(_channels_last(decoded), controls), bits, side_bits, decoded, region)

    def _rounded(self, value: Tensor) -> Tensor:
        """Round, or in training add uniform noise in ±½, the distribution of rounding errors."""
        return value + torch.rand_like(value) - 0.5 if self.training else value.round()


def _channels_last(x: Tensor) -> Tensor:
    """Return [B, C, H, W] in the order of memory in which convolutions are fastest; joining tensors loses it."""
    return x.contiguous(memory_format=torch.channels_last)
