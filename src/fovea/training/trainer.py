"""What all trainings share: steps rather than epochs, checkpoints on the way, runs that can be resumed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger, Logger

from fovea.errors import FoveaError
from fovea.training.strict import Strict

CHECKPOINT = "last.ckpt"


@dataclass(frozen=True)
class Hardware:
    """What a training runs on, as Lightning names it.

    Attributes:
        accelerator: "cpu", "gpu", "auto".
        precision: of the computations.
        devices: on each node.
        nodes: of a cluster.
    """

    accelerator: str = "auto"
    precision: str = "bf16-mixed"
    devices: int = 1
    nodes: int = 1

    @property
    def all_devices(self) -> int:
        """On all nodes."""
        return self.devices * self.nodes


def point_to_resume(folder: Path, config: Strict, resume: bool) -> tuple[Path | None, int]:
    """Where the run in a folder stands, if it may go on with this configuration.

    Returns:
        Its last checkpoint and the steps done; None and 0 where there is none.

    Raises:
        FoveaError: there is one and ``resume`` is off, or it is of a run with another configuration.
    """
    checkpoint = folder / CHECKPOINT
    if not checkpoint.exists():
        return None, 0
    if not resume:
        raise FoveaError(f"{folder} already holds a run: resume it with --resume, or choose another --out")
    return checkpoint, steps_done(checkpoint, config)


def steps_done(checkpoint: Path, config: Strict) -> int:
    """Steps after which a checkpoint was written, of a run with this configuration, which may be made longer.

    Raises:
        FoveaError: it is of a run with another configuration.
    """
    saved = torch.load(checkpoint, map_location="cpu", weights_only=False)
    # Fields that did not exist when the run began have their defaults.
    before = config.model_validate(saved["hyper_parameters"]["config"]).model_dump(mode="json")
    now = config.model_dump(mode="json")
    # All but the length would make the model card tell of a training that never was.
    if other := sorted(name for name in now if before[name] != now[name] and name != "patches"):
        raise FoveaError(
            f"{checkpoint} was trained with another {', '.join(other)}: resume it with the configuration it began"
            " with, or start a new run in another folder"
        )
    return int(saved["global_step"])


def trainer_of(
    folder: Path,
    *,
    steps: int,
    every: int,
    saving: int,
    done: int,
    clip: float,
    hardware: Hardware,
    progress: bool,
    callbacks: Sequence[Callback] = (),
    loggers: Sequence[Logger] = (),
) -> pl.Trainer:
    """A trainer of so many steps.

    Args:
        folder: for checkpoints and logs.
        steps: in all.
        every: steps between validations; at most all of them.
        saving: steps between checkpoints; likewise.
        done: steps of the run before this part of it.
        clip: largest norm of the gradient.
        hardware: to train on.
        progress: show a progress bar.
        callbacks: further ones, which come before the checkpoint.
        loggers: further ones, which come before the CSV.
    """
    every, saving = (max(1, min(interval, steps)) for interval in (every, saving))
    return pl.Trainer(
        accelerator=hardware.accelerator,
        devices=hardware.devices,
        num_nodes=hardware.nodes,
        precision=hardware.precision,  # type: ignore[arg-type]
        max_steps=steps,
        val_check_interval=every,
        check_val_every_n_epoch=None,
        gradient_clip_val=clip,
        log_every_n_steps=min(50, every),
        default_root_dir=folder,
        enable_progress_bar=progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        # The CSV logger overwrites, so each part of a resumed run has a file of its own.
        logger=[*loggers, CSVLogger(folder, name="", version=f"csv-{done:07d}")],
        callbacks=[
            *callbacks,
            ModelCheckpoint(
                dirpath=folder,
                filename=Path(CHECKPOINT).stem,
                every_n_train_steps=saving,
                enable_version_counter=False,
            ),
            *([TQDMProgressBar(refresh_rate=20)] if progress else []),
        ],
    )
