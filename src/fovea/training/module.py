"""The Lightning modules: one step of training, validation over the quality range, the schedule."""

import itertools
import math
import time
from functools import partial
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from fovea.networks import CodecNetwork, Coded
from fovea.networks.quality import LAMBDA_MAX, LAMBDA_MIN, knobs, rate_lambda, weight_outside
from fovea.spec import QUALITIES
from fovea.training.config import CodecLossConfig, FindingConfig, ObjectMseConfig, TaskConfig, TrainingConfig
from fovea.training.losses import Distortion, error_weight, mse, object_mse
from fovea.training.mask_head import MaskHead, mask_bits
from fovea.training.optimizer import MuonAdam
from fovea.training.patches import Patch
from fovea.training.task import Committee, TaskDistortion

VALIDATION_QUALITIES = (10, 30, 50, 70, 90)
VALIDATION_BACKGROUNDS = (0, 100)


def distortion_of(loss: CodecLossConfig) -> Distortion:
    """The distortion function that a configuration names."""
    if isinstance(loss, ObjectMseConfig):
        return partial(object_mse, normalization=loss.normalization)
    if isinstance(loss, TaskConfig):
        settings = loss.model_dump(exclude={"name", "background", "recognizer"})
        return Committee([TaskDistortion(recognizer, **settings) for recognizer in loss.recognizers])
    return mse


class NetworkTraining(pl.LightningModule):
    """What all trainings of a codec network have in common, be it of the whole or of a part.

    Args:
        config: of the run.
    """

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__()
        self.save_hyperparameters({"config": config.model_dump(mode="json")})
        self.config = config
        self.network = CodecNetwork(config.architecture)
        self._hours_before, self._began = 0.0, time.monotonic()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Note for how long the run has been going on, over all its parts."""
        checkpoint["hours"] = self._hours_before + (time.monotonic() - self._began) / 3600

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Count on from an earlier part of the run."""
        self._hours_before = checkpoint.get("hours", 0.0)

    def on_train_start(self) -> None:
        """Give every process, and every part of a resumed run, noise and qualities of its own."""
        torch.manual_seed(hash((self.config.seed, self.global_step, self.global_rank)) % 2**32)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Muon and Adam with warm-up and the decay of the configuration."""
        config = self.config
        optimizer = MuonAdam(self, config.learning_rate, config.vector_learning_rate)
        steps = math.ceil(config.patches / config.batch)

        def factor(step: int) -> float:
            warm = min(1.0, (step + 1) / max(config.warmup, 1))
            start = steps * (1 - config.decay)
            if step < start:
                return warm
            return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, (step - start) / max(steps - start, 1))))

        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": LambdaLR(optimizer, factor), "interval": "step"},
        }


class CodecTraining(NetworkTraining):
    """Train a codec network for ``R + λ·D`` at qualities drawn at random.

    Args:
        config: of the run.
    """

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__(config)
        wanted = config.mask_weight and not config.architecture.region
        self.mask_head = MaskHead(config.architecture.latent) if wanted else None

    def setup(self, stage: str) -> None:
        """Make the distortion ready: with the training, so that exporting a checkpoint needs no recognizer."""
        loss = self.config.loss
        assert not isinstance(loss, FindingConfig)
        self.distortion, self._background = distortion_of(loss), loss.background

    def _code(self, patch: Patch, knobs: Tensor) -> tuple[Tensor, Tensor, Coded, Tensor]:
        original = patch.image.float().contiguous(memory_format=torch.channels_last)
        coded = self.network(original, knobs, patch.mask > 0)
        pixels = original.shape[2] * original.shape[3]
        rate = (coded.latent_bits + coded.hyper_bits) / pixels
        weight = error_weight(patch.mask, self._background, knobs)
        return rate, self.distortion(coded.image, original, weight), coded, original

    def _missed(self, coded: Coded, patch: Patch, background: Tensor | None) -> Tensor:
        """Cross entropy of the objects that the encoder, the auxiliary head or z tells, as far as these count more."""
        logits = coded.region if self.mask_head is None else self.mask_head(coded.latent)
        assert logits is not None
        missed = mask_bits(logits, patch.mask)
        return (missed if background is None else missed * (1 - weight_outside(background))).mean()

    def _background_drawn(self, number: int) -> Tensor | None:
        """Backgrounds of patches, of a network that follows them: a fifth weighs all errors alike."""
        if not self.config.architecture.background:
            return None
        return torch.randint(round(1.25 * QUALITIES), (number,), device=self.device).clamp(max=QUALITIES - 1)

    def training_step(self, patch: Patch, batch_idx: int) -> Tensor:
        """Loss of one batch; each patch has a quality of its own, and a background where the network follows it."""
        quality = torch.randint(QUALITIES, (len(patch.image),), device=self.device)
        background = self._background_drawn(len(quality))
        rate, distortion, coded, _ = self._code(patch, knobs(quality, background))
        trade_off = rate_lambda(quality)
        # Losses grow with λ; the square root between the extremes gives every quality a say.
        balance = (math.sqrt(LAMBDA_MIN * LAMBDA_MAX) / trade_off).sqrt()
        loss = (balance * (rate + trade_off * distortion)).mean()
        if self.config.mask_weight:
            missed = self._missed(coded, patch, background)
            loss = loss + self.config.mask_weight * missed
            self.log("mask_bits", missed)
        self.log("loss", loss, prog_bar=True)
        self.log("rate", rate.mean())
        return loss

    def validation_step(self, patch: Patch, batch_idx: int) -> None:
        """Rate, distortion and PSNR inside and outside the objects at fixed knobs, with real rounding."""
        total: Tensor = torch.zeros((), device=self.device)
        backgrounds = VALIDATION_BACKGROUNDS if self.config.architecture.background else (None,)
        points = list(itertools.product(VALIDATION_QUALITIES, backgrounds))
        for number, background in points:
            quality = torch.full((len(patch.image),), number, device=self.device)
            outside = None if background is None else torch.full_like(quality, background)
            rate, distortion, coded, original = self._code(patch, knobs(quality, outside))
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
                values["mask_bits"] = self._missed(coded, patch, outside)
            point = f"q{number}" if background is None else f"q{number}b{background}"
            self.log_dict({f"validation/{point}/{name}": value for name, value in values.items()}, sync_dist=True)
        self.log("validation/loss", total, prog_bar=True, sync_dist=True)


def _psnr(error: Tensor, mask: Tensor) -> Tensor:
    """PSNR in dB of squared errors [B, 1, H, W] where the mask is 1."""
    mask = mask.to(error.dtype)
    mean = (error * mask).sum() / mask.sum().clamp(min=1)
    return 10 * torch.log10(255**2 / mean.clamp(min=1e-3))
