"""The base of all Lightning modules: configuration, training time, and the schedule of the learning rate."""

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from fovea.errors import FoveaError
from fovea.networks import CodecNetwork
from fovea.training.checkpoint import WEIGHTS, Checkpoint
from fovea.training.config import RunConfig, TrainingConfig
from fovea.training.learning_rate import learning_rate_factor
from fovea.training.optimizer import MuonAdam


class TrainingModule(pl.LightningModule, ABC):
    """What all trainings have in common.

    Args:
        config: configuration of the run.
        network: network to train.

    Attributes:
        earlier: the runs that this one started from, see :class:`fovea.training.Checkpoint`.
    """

    gradient_clip: ClassVar[float] = 1.0
    """Largest norm of the gradient."""

    def __init__(self, config: RunConfig, network: nn.Module) -> None:
        super().__init__()
        self.save_hyperparameters({"config": config.model_dump(mode="json")})
        self.run_config, self.network = config, network
        self.earlier: list[dict[str, Any]] = []
        self._hours_before, self._started = 0.0, time.monotonic()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save the earlier runs, and the hours of training over all parts of this run."""
        checkpoint["earlier"] = self.earlier
        checkpoint["hours"] = self._hours_before + (time.monotonic() - self._started) / 3600

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Load the earlier runs, and continue to count from the hours of the earlier parts of this run."""
        self.earlier = checkpoint.get("earlier", [])
        self._hours_before = checkpoint.get("hours", 0.0)

    @abstractmethod
    def make_optimizer(self) -> Optimizer:
        """Return the optimizer, with its peak learning rates."""

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return the optimizer and its schedule, for Lightning."""
        optimizer = self.make_optimizer()
        run = self.run_config
        schedule = LambdaLR(
            optimizer, lambda step: learning_rate_factor(step, run.steps, run.warmup_steps, run.decay_fraction)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def load_weights(self, checkpoint: Checkpoint) -> None:
        """Load the averaged weights of a checkpoint.

        Raises:
            FoveaError: they do not fit the network.
        """
        try:
            self.load_state_dict(dict(checkpoint.weights))
        except RuntimeError as error:
            raise FoveaError(f"its weights do not fit its configuration: {' '.join(str(error).split())}") from error

    def write_result(self, checkpoint: Checkpoint, folder: Path) -> Path:
        """Write the result of the run.

        Args:
            checkpoint: last checkpoint of the run.
            folder: folder of the run.

        Returns:
            The file that users of the result need: here the averaged weights, ``weights.ckpt``.
        """
        checkpoint.write(folder / WEIGHTS)
        return folder / WEIGHTS


class NetworkTraining(TrainingModule):
    """What the trainings of a codec network have in common.

    Args:
        config: configuration of the run.
    """

    network: CodecNetwork

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__(config, CodecNetwork(config.architecture))
        self.config = config

    def on_train_start(self) -> None:
        """Seed the noise and the qualities, differently in each process and in each part of a resumed run."""
        torch.manual_seed(hash((self.config.seed, self.global_step, self.global_rank)) % 2**32)

    def make_optimizer(self) -> Optimizer:
        """Return Muon and Adam."""
        return MuonAdam(self, self.config.learning_rate, self.config.adam_learning_rate)
