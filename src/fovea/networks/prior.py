"""The hyperprior: the hyper-latent z, and the scales of the latent that follow from it.

The decoder predicts the scales of the latent from the hyper-latent: Ballé et al., "Variational Image Compression with a
Scale Hyperprior" (ICLR 2018). The means are in :mod:`fovea.networks.means`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fovea.networks.config import NetworkConfig
from fovea.networks.controls import ControlTable
from fovea.networks.integer import IntegerConv
from fovea.networks.layers import Block, Down, root_compressed, signed
from fovea.spec import HYPER_MAX, SCALES

HYPER_STEP = 2.0**-2
"""Grid step of z as an input of the integer network."""
INDEX_STEP = 2.0**-2
"""Grid step of the last layer of the integer network: one scale index."""
INDEX_MAX = len(SCALES) - 1
"""Largest scale index."""


class HyperAnalysis(nn.Module):
    """Turns a latent into the hyper-latent z, which has a quarter of its resolution."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.down = Down(config.latent, config.prior)
        self.block = Block(config.prior)
        self.head = Down(config.prior, config.hyper)
        self.modulation = ControlTable(config.hyper, 1.0, 1.0, config.background)
        self.region = Down(1, config.prior) if config.region else None

    def forward(self, latent: Tensor, controls: Tensor, region: Tensor | None = None) -> Tensor:
        """Return the hyper-latent before rounding.

        Args:
            latent: y, [B, latent, h, w]; h and w are multiples of 4.
            controls: int64 [B] or [B, 2], see :func:`fovea.networks.controls.stack_controls`.
            region: logits of the region of interest, [B, 1, h, w], for a network that knows one.

        Returns:
            z, [B, hyper, h/4, w/4], within ±63.
        """
        # z describes magnitudes, and these matter by their ratios.
        x = self.down(root_compressed(latent))
        if self.region is not None and region is not None:
            x = x + self.region(signed(region))
        z = self.head(self.block(x)).float() * self.modulation(controls)
        return z.clamp(-HYPER_MAX, HYPER_MAX)


class ScaleNetwork(nn.Module):
    """Integer network from z to the index of the frequency table of every latent value, exact on every machine."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        hyper, prior = config.hyper, config.prior
        by_controls = {"by_controls": True, "background": config.background}
        self.expand = IntegerConv(hyper, 4 * hyper, input_step=HYPER_STEP, input_max=HYPER_MAX, bias=1.0, **by_controls)
        self.filter = IntegerConv(hyper, bias=0.2)
        self.expand2 = IntegerConv(hyper, 4 * prior, bias=0.2)
        self.filter2 = IntegerConv(prior, bias=0.2)
        self.mix = IntegerConv(prior, prior, bias=0.2)
        self.head = IntegerConv(
            prior, config.latent, output_step=INDEX_STEP, output_max=INDEX_MAX, bias=6.0, **by_controls
        )

    def layers(self) -> list[IntegerConv]:
        """Return the layers in order."""
        return [self.expand, self.filter, self.expand2, self.filter2, self.mix, self.head]

    def forward(self, z: Tensor, controls: Tensor) -> Tensor:
        """Return scale indices.

        Args:
            z: integers within ±63, float32 [B, hyper, h, w].
            controls: int64 [B] or [B, 2], see :func:`fovea.networks.controls.stack_controls`.

        Returns:
            Integers 0..63 as float32 [B, latent, 4h, 4w], with gradients straight through the rounding.
        """
        with torch.autocast(z.device.type, enabled=False):
            x = self.expand(z.float() * HYPER_STEP, controls)
            x = self.filter(F.pixel_shuffle(x, 2), controls)
            x = self.expand2(x, controls)
            x = self.filter2(F.pixel_shuffle(x, 2), controls)
            return self.head(self.mix(x, controls), controls) / INDEX_STEP
