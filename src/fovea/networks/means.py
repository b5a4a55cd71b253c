"""Means of the latent, in several steps, and its quantization steps.

Means only shift what is decoded; no probability depends on them, so float noise in them is harmless. The same holds for
the quantization step, which z lets grow outside the region of interest.
"""

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fovea.networks.config import NetworkConfig
from fovea.networks.integer import straight_through
from fovea.networks.layers import Block, Pointwise, Up
from fovea.networks.prior import HYPER_STEP
from fovea.networks.quality import KnobTable, weight_outside
from fovea.spec import SQUARE_ORDER, checkerboard, square_places

# What an error outside the region of interest weighs, before training finds better.
_LOG_WEIGHT_OUTSIDE = -3.0


def expected_weight(logits: Tensor, outside: Tensor) -> Tensor:
    """What an error weighs where an object may be: w₀ + p·(1 − w₀), exactly 1 where w₀ is.

    Args:
        logits: of the probability p that the position is of an object, where an error weighs 1.
        outside: w₀, what it weighs elsewhere; broadcasts.

    Example:
        >>> expected_weight(torch.tensor([-30.0, 0.0, 30.0]), torch.tensor(0.25))
        tensor([0.2500, 0.6250, 1.0000])
    """
    return outside + logits.sigmoid() * (1 - outside)


class Means(nn.Module, ABC):
    """What means in any number of steps have in common: quantization steps, and what tells where objects are.

    Args:
        config: of the network.
        region: from features to logits of the region of interest, of a network that knows one.
    """

    def __init__(self, config: NetworkConfig, region: nn.Module | None) -> None:
        super().__init__()
        self.region = region
        learned = region is not None and not config.background
        self.log_weight_outside = KnobTable(1, _LOG_WEIGHT_OUTSIDE, _LOG_WEIGHT_OUTSIDE) if learned else None

    @abstractmethod
    def features(self, z: Tensor, knobs: Tensor) -> Tensor:
        """What z, [B, hyper, h/4, w/4], says about the latent."""

    def steps(self, features: Tensor, knobs: Tensor) -> tuple[Tensor, Tensor] | None:
        """Quantization step at each position, in steps inside the region of interest, and logits of that region.

        High-rate theory: where an error weighs w, the best step goes with w^-½. Where it weighs less outside, w₀, is
        what the second knob of the network says, or learned for each quality.

        Returns:
            Both float32 [B, 1, h, w], steps 1 or more; None of a network that knows no region.
        """
        if self.region is None:
            return None
        logits = self.region(features).float()
        table = self.log_weight_outside
        outside = weight_outside(knobs[:, 1])[:, None, None, None] if table is None else table(knobs).exp()
        return expected_weight(logits, outside).rsqrt(), logits

    def quantize(self, latent: Tensor, index: Tensor, z: Tensor, knobs: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Round a latent around its means, step by step; see :meth:`fovea.networks.CodecNetwork.quantize`."""
        features = self.features(z, knobs)
        step, region = self.steps(features, knobs) or (latent.new_ones(1), None)
        decoded, residual = self._quantized(latent, step.expand_as(latent), (index.detach() > 0).float(), features)
        return decoded, residual, region

    @abstractmethod
    def _quantized(self, latent: Tensor, step: Tensor, coded: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Decoded latent and residuals before rounding; all of the shape of the latent but ``features``."""


class TwoStepMeans(Means):
    """Two steps on a checkerboard: half from z alone, half also from the first half.

    Channels in the upper half of the latent take the opposite color of the board, so each step has half of every
    position.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config, Pointwise(config.prior, 1, scale=0.1) if config.region else None)
        self.latent = config.latent
        self.up = Up(config.hyper, config.hyper)
        self.block = Block(config.hyper)
        self.up2 = Up(config.hyper, config.prior)
        self.modulation = KnobTable(config.prior, 1.0, 1.0, config.background)
        self.first = nn.Sequential(Block(config.prior), Pointwise(config.prior, config.latent, scale=0.1))
        self.merge = Pointwise(config.prior + config.latent, config.prior)
        self.second = nn.Sequential(Block(config.prior), Pointwise(config.prior, config.latent, scale=0.1))
        if isinstance(self.region, Pointwise):
            nn.init.constant_(self.region.bias, 1.0)  # starts with more inside than out, and nearly even steps

    def features(self, z: Tensor, knobs: Tensor) -> Tensor:
        """At the resolution of the latent, [B, prior, h, w]."""
        x = F.leaky_relu(self.up(z * HYPER_STEP), 0.1)
        return F.leaky_relu(self.up2(self.block(x)), 0.1) * self.modulation(knobs)

    def first_board(self, like: Tensor) -> Tensor:
        """1 where the first step decodes, 0 elsewhere: float32 [1, latent, h, w]."""
        board = checkerboard(self.latent, like.shape[2], like.shape[3])
        return torch.from_numpy(board)[None].to(like.device, torch.float32)

    def second_means(self, features: Tensor, decoded: Tensor) -> Tensor:
        """Means of the second half, given the decoded first half (0 elsewhere): [B, latent, h, w]."""
        return self.second(self.merge(torch.cat([features, compressed(decoded).to(features.dtype)], dim=1)))

    def _quantized(self, latent: Tensor, step: Tensor, coded: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        first = self.first_board(latent)
        mean = self.first(features).float()
        decoded = _rounded(latent, mean, step, coded)[0] * first
        mean = first * mean + (1 - first) * self.second_means(features, decoded).float()
        return _rounded(latent, mean, step, coded)


class FourStepMeans(Means):
    """Four steps on squares of 2×2 positions, which each decode a quarter of every position.

    Each fourth channel goes through the positions of a square in an order of its own. All is done at half the
    resolution of the latent, where a step is as many channels as the latent has; what is decoded is added to a state
    that began as what z says.
    """

    def __init__(self, config: NetworkConfig) -> None:
        width, latent = config.prior, config.latent
        super().__init__(config, Up(width, 1) if config.region else None)
        self.up = Up(config.hyper, width)
        self.block = Block(width)
        self.modulation = KnobTable(width, 1.0, 1.0, config.background)
        self.merges = nn.ModuleList(Pointwise(latent, width, scale=0.1) for _ in SQUARE_ORDER[1:])
        self.blocks = nn.ModuleList(Block(width) for _ in SQUARE_ORDER)
        self.heads = nn.ModuleList(Pointwise(width, latent, scale=0.1) for _ in SQUARE_ORDER)
        if isinstance(self.region, Up):
            nn.init.constant_(self.region[0].get_parameter("bias"), 1.0)  # as for two steps

    def features(self, z: Tensor, knobs: Tensor) -> Tensor:
        """The state before anything is decoded, at half the resolution of the latent: [B, prior, h/2, w/2]."""
        x: Tensor = self.block(F.leaky_relu(self.up(z * HYPER_STEP), 0.1)) * self.modulation(knobs)
        return x

    def step_means(self, number: int, state: Tensor, decoded: Tensor | None) -> tuple[Tensor, Tensor]:
        """State and means of one step.

        Args:
            number: of the step, 0..3.
            state: after the step before; for the first the features.
            decoded: what that step decoded, [B, latent, h/2, w/2], as :func:`quarters` orders it; None of the first.

        Returns:
            State, and the means in the same order.
        """
        if decoded is not None:
            state = state + self.merges[number - 1](compressed(decoded).to(state.dtype))
        state = self.blocks[number](state)
        return state, self.heads[number](state)

    def _quantized(self, latent: Tensor, step: Tensor, coded: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        state, decoded = features, None
        done: list[tuple[Tensor, Tensor]] = []
        for number, quarter in enumerate(zip(quarters(latent), quarters(step), quarters(coded), strict=True)):
            state, mean = self.step_means(number, state, decoded)
            done.append(_rounded(quarter[0], mean.float(), *quarter[1:]))
            decoded = done[-1][0]
        all_decoded, residuals = zip(*done, strict=True)
        return joined(all_decoded), joined(residuals)


def means_network(config: NetworkConfig) -> Means:
    """In as many steps as the configuration says."""
    return FourStepMeans(config) if config.mean_steps == 4 else TwoStepMeans(config)


def compressed(decoded: Tensor) -> Tensor:
    """A latent as networks see it: it spans a wide range at high quality."""
    return decoded.sign() * decoded.abs().log1p()


def _rounded(latent: Tensor, mean: Tensor, step: Tensor, coded: Tensor) -> tuple[Tensor, Tensor]:
    """Decoded latent, and residuals (y − μ)/step before rounding. What is not coded takes its mean."""
    residual = (latent - mean) / step
    return straight_through(residual, residual.round()) * coded * step + mean, residual


def quarter_channels(channels: int) -> list[int]:
    """Where the values of the four steps lie among the channels that ``pixel_unshuffle`` makes of ``channels``.

    Example:
        >>> quarter_channels(4)
        [0, 7, 9, 14, 3, 4, 10, 13, 1, 6, 8, 15, 2, 5, 11, 12]
    """
    return square_places(channels).ravel().tolist()


def quarters(latent: Tensor) -> tuple[Tensor, ...]:
    """What each of the four steps decodes: of [B, C, h, w], four of [B, C, h/2, w/2]."""
    places = torch.tensor(quarter_channels(latent.shape[1]), device=latent.device)
    return F.pixel_unshuffle(latent, 2).index_select(1, places).chunk(len(SQUARE_ORDER), dim=1)


def joined(parts: tuple[Tensor, ...]) -> Tensor:
    """Undo :func:`quarters`."""
    places = torch.tensor(quarter_channels(parts[0].shape[1]), device=parts[0].device)
    return F.pixel_shuffle(torch.cat(parts, dim=1).index_select(1, places.argsort()), 2)
