"""The Lightning trainer of all trainings: steps instead of epochs, averaged weights, checkpoints and logs."""

from dataclasses import dataclass
from pathlib import Path

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint, TQDMProgressBar, WeightAveraging
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch.optim.swa_utils import get_ema_multi_avg_fn

from fovea.training.checkpoint import LAST
from fovea.training.config import RunConfig
from fovea.training.muon import has_bfloat16


@dataclass(frozen=True)
class Hardware:
    """The hardware of a training, with the names of Lightning.

    Attributes:
        accelerator: "cpu", "gpu" or "auto".
        precision: precision of the computations, such as "bf16-mixed" or "32-true"; "auto" takes the first of these on
            a device with hardware for bfloat16, and the second on other devices.
        devices: number of devices on each node.
        nodes: number of nodes of a cluster.
    """

    accelerator: str = "auto"
    precision: str = "auto"
    devices: int = 1
    nodes: int = 1

    @property
    def all_devices(self) -> int:
        """The number of devices on all nodes."""
        return self.devices * self.nodes

    @property
    def chosen_precision(self) -> str:
        """The precision, with the choice of "auto" made for the device."""
        if self.precision != "auto":
            return self.precision
        device = None if self.accelerator == "cpu" else torch.accelerator.current_accelerator(check_available=True)
        return "bf16-mixed" if has_bfloat16(device or torch.device("cpu")) else "32-true"


class _Averaging(WeightAveraging):
    """Keeps an average of the weights beside the weights that are trained.

    Lightning replaces the trained weights by the average when a training ends. Here they stay, and the last checkpoint
    has both, so that a longer run continues as if it had not stopped.
    """

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave the trained weights as they are."""


def make_trainer(
    config: RunConfig, folder: Path, hardware: Hardware, *, steps_done: int, gradient_clip: float, progress: bool
) -> pl.Trainer:
    """Return the trainer of a run.

    Args:
        config: configuration of the run.
        folder: folder for checkpoints and logs.
        hardware: hardware to train on.
        steps_done: number of steps that earlier parts of the run have done.
        gradient_clip: largest norm of the gradient.
        progress: whether to show a progress bar.
    """
    validate_every = config.steps_of(config.validate_every)
    averaging = _Averaging(multi_avg_fn=get_ema_multi_avg_fn(config.ema_decay))  # type: ignore[no-untyped-call]
    checkpoints = ModelCheckpoint(
        dirpath=folder,
        filename=Path(LAST).stem,
        every_n_train_steps=config.steps_of(config.checkpoint_every or config.validate_every),
        enable_version_counter=False,
    )
    return pl.Trainer(
        accelerator=hardware.accelerator,
        devices=hardware.devices,
        num_nodes=hardware.nodes,
        precision=hardware.chosen_precision,  # type: ignore[arg-type]
        max_steps=config.steps,
        val_check_interval=validate_every,
        check_val_every_n_epoch=None,
        gradient_clip_val=gradient_clip,
        log_every_n_steps=min(50, validate_every),
        default_root_dir=folder,
        enable_progress_bar=progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        logger=[
            TensorBoardLogger(folder, name="", version="tensorboard"),
            # The CSV logger overwrites its file, so each part of a resumed run has a file of its own.
            CSVLogger(folder, name="", version=f"csv-{steps_done:07d}"),
        ],
        callbacks=[
            averaging,
            LearningRateMonitor("step"),
            checkpoints,
            *([TQDMProgressBar(refresh_rate=20)] if progress else []),
        ],
    )
