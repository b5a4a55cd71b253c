"""What is known about the latent before its bits are read: the hyper-latent, scales and means."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fovea.coding.latent import HYPER_MAX
from fovea.entropy import SCALES
from fovea.models.config import NetworkConfig
from fovea.models.integer import IntegerConv
from fovea.models.layers import Block, Down, Pointwise, Up
from fovea.models.quality import QualityTable

HYPER_STEP = 2.0**-2
INDEX_STEP = 2.0**-2
INDEX_MAX = len(SCALES) - 1
# What an error outside the region of interest weighs, before training finds better.
_LOG_WEIGHT_OUTSIDE = -3.0


class HyperAnalysis(nn.Module):
    """Latent to hyper-latent z at a quarter of its resolution."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.down = Down(config.latent, config.prior)
        self.block = Block(config.prior)
        self.head = Down(config.prior, config.hyper)
        self.modulation = QualityTable(config.hyper, 1.0, 1.0)
        self.region = Down(1, config.prior) if config.region else None

    def forward(self, latent: Tensor, quality: Tensor, region: Tensor | None = None) -> Tensor:
        """Hyper-latent before rounding.

        Args:
            latent: y, [B, latent, h, w]; h and w multiples of 4.
            quality: int64 [B], 0..100.
            region: logits of the region of interest, [B, 1, h, w], for a network that knows one.

        Returns:
            z, [B, hyper, h/4, w/4], within ±63.
        """
        # Large latents are compressed first: z tells magnitudes, and those matter on a log scale.
        x = self.down(latent.sign() * latent.abs().log1p())
        if self.region is not None and region is not None:
            x = x + self.region((region / 2).tanh())
        z = self.head(self.block(x)).float() * self.modulation(quality)
        return z.clamp(-HYPER_MAX, HYPER_MAX)


class ScaleNetwork(nn.Module):
    """Integer network: z to the index of the frequency table of every latent value. Exact on every machine."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        hyper, prior = config.hyper, config.prior
        self.expand = IntegerConv(
            hyper, 4 * hyper, input_step=HYPER_STEP, input_max=HYPER_MAX, bias=1.0, by_quality=True
        )
        self.filter = IntegerConv(hyper, bias=0.2)
        self.expand2 = IntegerConv(hyper, 4 * prior, bias=0.2)
        self.filter2 = IntegerConv(prior, bias=0.2)
        self.mix = IntegerConv(prior, prior, bias=0.2)
        self.head = IntegerConv(
            prior, config.latent, output_step=INDEX_STEP, output_max=INDEX_MAX, bias=6.0, by_quality=True
        )

    def layers(self) -> list[IntegerConv]:
        """The layers in order."""
        return [self.expand, self.filter, self.expand2, self.filter2, self.mix, self.head]

    def forward(self, z: Tensor, quality: Tensor) -> Tensor:
        """Scale indices.

        Args:
            z: integers within ±63, float32 [B, hyper, h, w].
            quality: int64 [B], 0..100.

        Returns:
            Integers 0..63 as float32 [B, latent, 4h, 4w], with gradients straight through the rounding.
        """
        with torch.autocast(z.device.type, enabled=False):
            x = self.expand(z.float() * HYPER_STEP, quality)
            x = self.filter(F.pixel_shuffle(x, 2), quality)
            x = self.expand2(x, quality)
            x = self.filter2(F.pixel_shuffle(x, 2), quality)
            return self.head(self.mix(x, quality), quality) / INDEX_STEP


class MeanNetwork(nn.Module):
    """Means of the latent, in two steps on a checkerboard: half from z alone, half also from the first half.

    Channels in the upper half of the latent take the opposite color of the board, so each step has half of every
    position. Means only shift what is decoded; no probability depends on them, so float noise in them is harmless.
    The same holds for the quantization step, which z lets grow outside the region of interest.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.latent = config.latent
        self.up = Up(config.hyper, config.hyper)
        self.block = Block(config.hyper)
        self.up2 = Up(config.hyper, config.prior)
        self.modulation = QualityTable(config.prior, 1.0, 1.0)
        self.first = nn.Sequential(Block(config.prior), Pointwise(config.prior, config.latent, scale=0.1))
        self.merge = Pointwise(config.prior + config.latent, config.prior)
        self.second = nn.Sequential(Block(config.prior), Pointwise(config.prior, config.latent, scale=0.1))
        self.region = Pointwise(config.prior, 1, scale=0.1) if config.region else None
        self.log_weight_outside = QualityTable(1, _LOG_WEIGHT_OUTSIDE, _LOG_WEIGHT_OUTSIDE) if config.region else None
        if self.region is not None:
            nn.init.constant_(self.region.bias, 1.0)  # starts with more inside than out, and nearly even steps

    def features(self, z: Tensor, quality: Tensor) -> Tensor:
        """Features of z at the resolution of the latent, [B, prior, 4h, 4w]."""
        x = F.leaky_relu(self.up(z * HYPER_STEP), 0.1)
        return F.leaky_relu(self.up2(self.block(x)), 0.1) * self.modulation(quality)

    def steps(self, features: Tensor, quality: Tensor) -> tuple[Tensor, Tensor] | None:
        """Quantization step at each position, in steps inside the region of interest, and logits of that region.

        High-rate theory: where an error weighs w, the best step goes with w^-½. Of a position that lies inside with
        probability p, the expected weight is p + (1 − p)·w₀; w₀ is learned.

        Returns:
            Both float32 [B, 1, h, w], steps 1 or more; None of a network that knows no region.
        """
        if self.region is None or self.log_weight_outside is None:
            return None
        logits = self.region(features).float()
        inside, outside = logits.sigmoid(), self.log_weight_outside(quality).exp()
        return (inside + (1 - inside) * outside).rsqrt(), logits

    def first_board(self, like: Tensor) -> Tensor:
        """1 where the first step decodes, 0 elsewhere: float32 [1, latent, h, w]."""
        rows = torch.arange(like.shape[2], device=like.device)[:, None]
        columns = torch.arange(like.shape[3], device=like.device)[None, :]
        upper = (torch.arange(self.latent, device=like.device) * 2 // self.latent)[:, None, None]
        return ((rows + columns + upper) % 2).float()[None]

    def second_means(self, features: Tensor, decoded: Tensor) -> Tensor:
        """Means of the second half, given the decoded first half (0 elsewhere): [B, latent, h, w]."""
        # Latents span a wide range at high quality; the network sees them compressed.
        seen = decoded.sign() * decoded.abs().log1p()
        return self.second(self.merge(torch.cat([features, seen.to(features.dtype)], dim=1)))
