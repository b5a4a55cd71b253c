"""Training of a codec: one step, and validation over the range of qualities."""

import itertools
import math
from functools import partial

import torch
from torch import Tensor

from fovea.networks import LAMBDA_MAX, LAMBDA_MIN, Coded, background_weight, rate_lambda, stack_controls
from fovea.spec import QUALITIES
from fovea.training.config import TrainingConfig
from fovea.training.data.patches import Patch
from fovea.training.losses.config import CodecLossConfig, ObjectMseConfig, ObjectnessConfig, TaskConfig
from fovea.training.losses.distortions import Distortion, error_weight, mse, object_mse
from fovea.training.losses.objects import MaskHead, mask_bits
from fovea.training.losses.task import AlternatingDistortion, TaskDistortion
from fovea.training.training_module import NetworkTraining

VALIDATION_QUALITIES = (10, 30, 50, 70, 90)
"""Qualities at which codecs are validated."""
VALIDATION_BACKGROUNDS = (0, 100)
"""Backgrounds at which networks with a background control are validated, at each of the qualities."""


def distortion_of(loss: CodecLossConfig) -> Distortion:
    """Return the distortion function of a configuration."""
    if isinstance(loss, ObjectMseConfig):
        return partial(object_mse, normalization=loss.normalization)
    if isinstance(loss, TaskConfig):
        return AlternatingDistortion([TaskDistortion(**loss.settings(recognizer)) for recognizer in loss.recognizer])
    return mse


class CodecTraining(NetworkTraining):
    """Train a codec network for ``R + λ·D`` at random qualities.

    Args:
        config: configuration of the run.
    """

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__(config)
        needs_head = config.mask_weight and not config.architecture.region
        self.mask_head = MaskHead(config.architecture.latent) if needs_head else None

    def setup(self, stage: str) -> None:
        """Prepare the distortion. Only a training needs it: exporting a checkpoint needs no recognizer."""
        loss = self.config.loss
        assert not isinstance(loss, ObjectnessConfig)
        self.distortion, self._background_weight = distortion_of(loss), loss.background_weight

    def _code(self, patch: Patch, controls: Tensor) -> tuple[Tensor, Tensor, Coded, Tensor]:
        """Return rate in bits per pixel [B], distortion [B], the coded batch, and the original images."""
        original = patch.image.float().contiguous(memory_format=torch.channels_last)
        coded = self.network(original, controls, patch.mask > 0)
        pixels = original.shape[2] * original.shape[3]
        rate = (coded.latent_bits + coded.hyper_bits) / pixels
        weight = error_weight(patch.mask, self._background_weight, controls)
        return rate, self.distortion(coded.image, original, weight), coded, original

    def _mask_bits(self, coded: Coded, patch: Patch, background: Tensor | None) -> Tensor:
        """Return the cross entropy of the objects; with a background control, weighted by how much more they count."""
        logits = coded.region if self.mask_head is None else self.mask_head(coded.latent)
        assert logits is not None
        bits = mask_bits(logits, patch.mask)
        return (bits if background is None else bits * (1 - background_weight(background))).mean()

    def _draw_background(self, number: int) -> Tensor | None:
        """Draw backgrounds for a network that has this control. A fifth of them are 100: all errors weigh alike."""
        if not self.config.architecture.background:
            return None
        return torch.randint(round(1.25 * QUALITIES), (number,), device=self.device).clamp(max=QUALITIES - 1)

    def training_step(self, patch: Patch, batch_idx: int) -> Tensor:
        """Return the loss of one batch; each patch has a random quality, and background if the network has one."""
        quality = torch.randint(QUALITIES, (len(patch.image),), device=self.device)
        background = self._draw_background(len(quality))
        rate, distortion, coded, _ = self._code(patch, stack_controls(quality, background))
        trade_off = rate_lambda(quality)
        # Losses grow with λ. They are divided by its square root, so that every quality contributes.
        balance = (math.sqrt(LAMBDA_MIN * LAMBDA_MAX) / trade_off).sqrt()
        loss = (balance * (rate + trade_off * distortion)).mean()
        if self.config.mask_weight:
            bits = self._mask_bits(coded, patch, background)
            loss = loss + self.config.mask_weight * bits
            self.log("mask_bits", bits)
        self.log("loss", loss, prog_bar=True)
        self.log("rate", rate.mean())
        return loss

    def validation_step(self, patch: Patch, batch_idx: int) -> None:
        """Log rate, distortion and PSNR, on the whole image and on objects, at fixed controls, with real rounding."""
        total: Tensor = torch.zeros((), device=self.device)
        backgrounds = VALIDATION_BACKGROUNDS if self.config.architecture.background else (None,)
        points = list(itertools.product(VALIDATION_QUALITIES, backgrounds))
        for number, background in points:
            quality = torch.full((len(patch.image),), number, device=self.device)
            backgrounds_of_patches = None if background is None else torch.full_like(quality, background)
            rate, distortion, coded, original = self._code(patch, stack_controls(quality, backgrounds_of_patches))
            loss = rate + rate_lambda(quality) * distortion
            total += loss.mean() / len(points)
            error = (coded.image.clamp(0, 255) - original).square().mean(dim=1, keepdim=True)
            values = {
                "bpp": rate.mean(),
                "loss": loss.mean(),
                "psnr": _psnr(error, torch.ones_like(error)),
                "object_psnr": _psnr(error, patch.mask > 0),
            }
            if self.config.mask_weight:
                values["mask_bits"] = self._mask_bits(coded, patch, backgrounds_of_patches)
            point = f"q{number}" if background is None else f"q{number}b{background}"
            self.log_dict({f"validation/{point}/{name}": value for name, value in values.items()}, sync_dist=True)
        self.log("validation/loss", total, prog_bar=True, sync_dist=True)


def _psnr(error: Tensor, mask: Tensor) -> Tensor:
    """Return the PSNR in dB of squared errors [B, 1, H, W] where the mask is 1."""
    mask = mask.to(error.dtype)
    mean = (error * mask).sum() / mask.sum().clamp(min=1)
    return 10 * torch.log10(255**2 / mean.clamp(min=1e-3))
