"""The whole codec network, as it is trained."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from fovea.networks.config import NetworkConfig
from fovea.networks.integer import straight_through
from fovea.networks.means import means_network
from fovea.networks.prior import INDEX_MAX, HyperAnalysis, ScaleNetwork
from fovea.networks.quality import KnobTable, looked_up
from fovea.networks.rate import gaussian_bits
from fovea.networks.transforms import Analysis, Synthesis
from fovea.spec import HYPER_STRIDE


class Coded(NamedTuple):
    """What training sees of a coded batch.

    Attributes:
        image: decoded, [B, 3, H, W], around 0..255.
        latent_bits: estimated bits of y a sample, [B].
        hyper_bits: estimated bits of z a sample, [B].
        latent: decoded ŷ, [B, latent, H/16, W/16].
        region: logits of the region of interest, [B, n, H/16, W/16], None of a network that knows none: as z tells it
            to the decoder; before it, of an encoder that looks for objects, as that found it.
    """

    image: Tensor
    latent_bits: Tensor
    hyper_bits: Tensor
    latent: Tensor
    region: Tensor | None


class CodecNetwork(nn.Module):
    """Transforms and prior of one codec."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.analysis = Analysis(config)
        self.synthesis = Synthesis(config)
        self.hyper_analysis = HyperAnalysis(config)
        self.scales = ScaleNetwork(config)
        self.means = means_network(config)
        self.hyper_index = KnobTable(config.hyper, 1.0, 1.0, config.background)

    def hyper_index_tables(self) -> list[Tensor]:
        """Scale indices of z before rounding, by quality, and what is added by background: [101, hyper]."""
        # Indices span 0..63 while optimizers take steps of about 0.001: learn them in units of 20.
        return [20 * table for table in self.hyper_index.tables()]

    def hyper_indices(self, knobs: Tensor) -> Tensor:
        """Scale indices of z, which depend on the knobs and the channel alone: [B, hyper, 1, 1]."""
        tables = [straight_through(table, table.round()) for table in self.hyper_index_tables()]
        return looked_up(tables, knobs).clamp(1, INDEX_MAX)

    def quantize(self, latent: Tensor, index: Tensor, z: Tensor, knobs: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Round the latent around its means, which come in several steps.

        Positions of scale index 0 are skipped: their residual is 0 and costs nothing.

        Args:
            latent: y, [B, latent, h, w].
            index: scale indices, same shape.
            z: rounded hyper-latent, [B, hyper, h/4, w/4], which means and steps come from.
            knobs: see :func:`fovea.networks.quality.knobs`.

        Returns:
            Decoded latent ŷ with straight-through gradients; the residual (y − μ)/step before rounding; and logits of
            the region of interest as z tells it, [B, 1, h, w], None of a network that knows none.
        """
        return self.means.quantize(latent, index, z, knobs)

    def analyze(self, image: Tensor, knobs: Tensor, region: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Latent y of a batch, and its region of interest.

        Args:
            image: [B, 3, H, W], 0..255.
            knobs: see :func:`fovea.networks.quality.knobs`.
            region: map of the region of interest, [B, 1, H, W], 0 outside, 1 inside, for a network that takes one;
                without it everything is of interest. Other networks do not look at it.

        Returns:
            As :meth:`Analysis.forward`.
        """
        if self.config.given:
            inside = torch.ones_like(image[:, :1]) if region is None else region.to(image.dtype)
            image = torch.cat([image, 255 * inside], dim=1)
        return self.analysis(image, knobs)

    def forward(self, image: Tensor, knobs: Tensor, region: Tensor | None = None) -> Coded:
        """Code and decode a batch.

        In training mode noise takes the place of rounding where the rate is estimated, so that it has gradients;
        in evaluation mode the bits are those of the values that would be written.

        Args:
            image: [B, 3, H, W], 0..255; H and W multiples of 64.
            knobs: see :func:`fovea.networks.quality.knobs`.
            region: as in :meth:`analyze`.

        Raises:
            ValueError: height or width is no multiple of 64.
        """
        if image.shape[2] % HYPER_STRIDE or image.shape[3] % HYPER_STRIDE:
            raise ValueError(f"height and width must be multiples of {HYPER_STRIDE}, got {tuple(image.shape[2:])}")
        latent, found = self.analyze(image, knobs, region)
        z = self.hyper_analysis(latent, knobs, found)
        hyper_bits = gaussian_bits(self._rounded(z), self.hyper_indices(knobs).expand_as(z))
        z = straight_through(z, z.round())
        index = self.scales(z, knobs)
        decoded, residual, told = self.quantize(latent, index, z, knobs)
        latent_bits = gaussian_bits(self._rounded(residual), index)
        if not self.training:
            latent_bits = latent_bits * (index > 0)  # skipped; in training they still pay, or they would never return
        bits, side_bits = latent_bits.sum(dim=(1, 2, 3)), hyper_bits.sum(dim=(1, 2, 3))
        # A region that is given needs no learning; what is found does, and what z tells of either.
        known = [region for region in (None if self.config.given else found, told) if region is not None]
        region = torch.cat(known, dim=1) if known else None
        return Coded(self.synthesis(decoded, knobs), bits, side_bits, decoded, region)

    def _rounded(self, value: Tensor) -> Tensor:
        """Round, or in training add noise uniform in ±½: the distribution that rounding leaves."""
        return value + torch.rand_like(value) - 0.5 if self.training else value.round()
