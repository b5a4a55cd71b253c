"""The means of the latent, predicted in several steps, and its quantization steps.

Later steps predict from the values that earlier steps decoded. This combines an autoregressive and a hierarchical prior
as in Minnen, Ballé and Toderici, "Joint Autoregressive and Hierarchical Priors for Learned Image Compression" (NeurIPS
2018), in a few parallel steps as in He et al., "Checkerboard Context Model for Efficient Learned Image Compression"
(CVPR 2021).

Means only shift what is decoded. No probability depends on them, so rounding errors of floating point in them do no
harm. The same is true for the quantization step, which grows outside the region of interest that z describes.
"""

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fovea.networks.config import NetworkConfig
from fovea.networks.controls import ControlTable, background_weight
from fovea.networks.integer import straight_through
from fovea.networks.layers import Block, Pointwise, Up, root_compressed
from fovea.networks.prior import HYPER_STEP
from fovea.networks.squares import join_squares, split_squares
from fovea.spec import SQUARE_ORDER, checkerboard

# Initial log weight of errors outside the region of interest, where it is learned.
_LOG_WEIGHT_OUTSIDE = -3.0
# Initial logit of the region of interest: most positions start inside, so quantization steps start nearly equal.
_REGION_BIAS = 1.0


def expected_weight(logits: Tensor, outside: Tensor) -> Tensor:
    """Return the expected weight of an error, w₀ + p·(1 − w₀), which is exactly 1 where w₀ is 1.

    Args:
        logits: logits of the probability p that a position belongs to an object, where an error weighs 1.
        outside: weight w₀ of an error elsewhere; broadcasts.

    Example:
        >>> expected_weight(torch.tensor([-30.0, 0.0, 30.0]), torch.tensor(0.25))
        tensor([0.2500, 0.6250, 1.0000])
    """
    return outside + logits.sigmoid() * (1 - outside)


class Means(nn.Module, ABC):
    """What the means have in common for any number of steps: quantization steps, and the region that z describes.

    Args:
        config: sizes of the network.
        region: module from features to logits of the region of interest, for a network that knows one.
    """

    def __init__(self, config: NetworkConfig, region: nn.Module | None) -> None:
        super().__init__()
        self.region = region
        learned = region is not None and not config.background
        self.log_weight_outside = ControlTable(1, _LOG_WEIGHT_OUTSIDE, _LOG_WEIGHT_OUTSIDE) if learned else None

    @abstractmethod
    def features(self, z: Tensor, controls: Tensor) -> Tensor:
        """Return features of z, [B, hyper, h/4, w/4], from which means are predicted."""

    def steps(self, features: Tensor, controls: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return the quantization step at each position and the logits of the region of interest.

        By high-rate theory, the best step is proportional to w^-½ where an error weighs w. Outside the region the
        weight w₀ follows from the background control of the network, or is learned for each quality.

        Args:
            features: features of z, see :meth:`features`.
            controls: int64 [B] or [B, 2], see :func:`fovea.networks.controls.stack_controls`.

        Returns:
            Both float32 [B, 1, h, w]; steps are 1 or more. None for a network that knows no region.
        """
        if self.region is None:
            return None
        logits = self.region(features).float()
        table = self.log_weight_outside
        outside = background_weight(controls[:, 1])[:, None, None, None] if table is None else table(controls).exp()
        return expected_weight(logits, outside).rsqrt(), logits

    def quantize(
        self, latent: Tensor, index: Tensor, z: Tensor, controls: Tensor
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Round a latent around its means, step by step; see :meth:`fovea.networks.CodecNetwork.quantize`."""
        features = self.features(z, controls)
        step, region = self.steps(features, controls) or (latent.new_ones(1), None)
        decoded, residual = self._quantized(latent, step.expand_as(latent), (index.detach() > 0).float(), features)
        return decoded, residual, region

    @abstractmethod
    def _quantized(self, latent: Tensor, step: Tensor, coded: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the decoded latent and the residuals before rounding, both of the shape of the latent.

        ``step`` and ``coded`` have that shape too; ``coded`` is 1 where a value is coded and 0 where it is skipped.
        """


class TwoStepMeans(Means):
    """Means in two steps on a checkerboard: one half follows from z alone, the other half also from the first half.

    Channels in the upper half of the latent take the opposite color of the board, so that each step decodes half of the
    channels at every position.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config, Pointwise(config.prior, 1, scale=0.1) if config.region else None)
        self.latent = config.latent
        self.up = Up(config.hyper, config.hyper)
        self.block = Block(config.hyper)
        self.up2 = Up(config.hyper, config.prior)
        self.modulation = ControlTable(config.prior, 1.0, 1.0, config.background)
        self.first = nn.Sequential(Block(config.prior), Pointwise(config.prior, config.latent, scale=0.1))
        self.merge = Pointwise(config.prior + config.latent, config.prior)
        self.second = nn.Sequential(Block(config.prior), Pointwise(config.prior, config.latent, scale=0.1))
        if isinstance(self.region, Pointwise):
            nn.init.constant_(self.region.bias, _REGION_BIAS)

    def features(self, z: Tensor, controls: Tensor) -> Tensor:
        """Return features at the resolution of the latent, [B, prior, h, w]."""
        x = F.leaky_relu(self.up(z * HYPER_STEP), 0.1)
        return F.leaky_relu(self.up2(self.block(x)), 0.1) * self.modulation(controls)

    def first_board(self, like: Tensor) -> Tensor:
        """Return 1 where the first step decodes and 0 elsewhere: float32 [1, latent, h, w]."""
        board = checkerboard(self.latent, like.shape[2], like.shape[3])
        return torch.from_numpy(board)[None].to(like.device, torch.float32)

    def second_means(self, features: Tensor, decoded: Tensor) -> Tensor:
        """Return the means of the second half, given the first half (0 elsewhere): [B, latent, h, w]."""
        return self.second(self.merge(torch.cat([features, root_compressed(decoded).to(features.dtype)], dim=1)))

    def _quantized(self, latent: Tensor, step: Tensor, coded: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        first = self.first_board(latent)
        mean = self.first(features).float()
        decoded = _rounded(latent, mean, step, coded)[0] * first
        mean = first * mean + (1 - first) * self.second_means(features, decoded).float()
        return _rounded(latent, mean, step, coded)


class FourStepMeans(Means):
    """Means in four steps on squares of 2×2 positions; each step decodes a quarter of the channels at every position.

    There are four orders in which channels go through the positions of a square, and they alternate from channel to
    channel. This resembles the quadtree partition of Li, Li and Lu, "Neural Video Compression with Diverse Contexts"
    (CVPR 2023). All networks run at half the resolution of the latent, where the part of each step has as many channels
    as the latent. Features of what is decoded are added to a state, which starts as the features of z.
    """

    def __init__(self, config: NetworkConfig) -> None:
        width, latent = config.prior, config.latent
        super().__init__(config, Up(width, 1) if config.region else None)
        self.up = Up(config.hyper, width)
        self.block = Block(width)
        self.modulation = ControlTable(width, 1.0, 1.0, config.background)
        self.merges = nn.ModuleList(Pointwise(latent, width, scale=0.1) for _ in SQUARE_ORDER[1:])
        self.blocks = nn.ModuleList(Block(width) for _ in SQUARE_ORDER)
        self.heads = nn.ModuleList(Pointwise(width, latent, scale=0.1) for _ in SQUARE_ORDER)
        if isinstance(self.region, Up):
            nn.init.constant_(self.region.pointwise.bias, _REGION_BIAS)

    def features(self, z: Tensor, controls: Tensor) -> Tensor:
        """Return the state before anything is decoded, at half the resolution of the latent: [B, prior, h/2, w/2]."""
        x: Tensor = self.block(F.leaky_relu(self.up(z * HYPER_STEP), 0.1)) * self.modulation(controls)
        return x

    def step_means(self, number: int, state: Tensor, decoded: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the state and the means of one step.

        Args:
            number: number of the step, 0..3.
            state: state after the previous step, or the features for the first step, [B, prior, h/2, w/2].
            decoded: values that the previous step decoded, [B, latent, h/2, w/2], in the order that
                :func:`split_squares` gives them; None for the first step.

        Returns:
            The state, and the means in the order of :func:`split_squares`, of the shapes of the arguments.
        """
        if decoded is not None:
            state = state + self.merges[number - 1](root_compressed(decoded).to(state.dtype))
        state = self.blocks[number](state)
        return state, self.heads[number](state)

    def _quantized(self, latent: Tensor, step: Tensor, coded: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        state, decoded = features, None
        done: list[tuple[Tensor, Tensor]] = []
        for number, part in enumerate(zip(*map(split_squares, (latent, step, coded)), strict=True)):
            state, mean = self.step_means(number, state, decoded)
            done.append(_rounded(part[0], mean.float(), *part[1:]))
            decoded = done[-1][0]
        all_decoded, residuals = zip(*done, strict=True)
        return join_squares(all_decoded), join_squares(residuals)


def means_network(config: NetworkConfig) -> Means:
    """Return the network of the means, with as many steps as the configuration says."""
    return FourStepMeans(config) if config.mean_steps == 4 else TwoStepMeans(config)


def _rounded(latent: Tensor, mean: Tensor, step: Tensor, coded: Tensor) -> tuple[Tensor, Tensor]:
    """Return the decoded latent and the residuals (y − μ)/step before rounding. A skipped value becomes its mean."""
    residual = (latent - mean) / step
    return straight_through(residual, residual.round()) * coded * step + mean, residual
