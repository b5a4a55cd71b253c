"""Run a training from a configuration to a checkpoint."""

import math
from collections.abc import Iterable
from pathlib import Path

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import LearningRateMonitor, WeightAveraging
from lightning.pytorch.loggers import TensorBoardLogger
from torch.optim.swa_utils import get_ema_multi_avg_fn

from fovea.errors import FoveaError
from fovea.networks.transforms import fitted
from fovea.training.config import FindingConfig, TrainingConfig
from fovea.training.finding import FindingTraining
from fovea.training.grow import fill_detail, widen
from fovea.training.loaders import Patches
from fovea.training.module import CodecTraining, NetworkTraining
from fovea.training.patches import Patch
from fovea.training.trainer import CHECKPOINT, Hardware, point_to_resume, trainer_of

WEIGHTS = "weights.ckpt"
_STEM = "network.analysis.stem.weight"
_GAIN = "network.analysis.log_gain.anchors"
_DETAIL = "network.analysis.detail.1.weight"
_LOOKED_AT = 64
"""Patches from which detail is started."""
_OPTIONAL = (
    "network.analysis.objectness.",
    "network.hyper_analysis.region.",
    "network.means.region.",
    "network.analysis.region.",
    "network.means.log_weight_outside.",
    "mask_head.",
)
"""Parts that one run may have and another not."""
_KNOB = ".background_anchors"
"""Likewise, of all tables: what they add for a background."""


def train(
    config: TrainingConfig,
    folder: Path,
    *,
    resume: bool = False,
    hardware: Hardware | None = None,
    progress: bool = True,
) -> Path:
    """Train, with checkpoints on the way, and the averaged weights alone at the end.

    Args:
        config: of the run.
        folder: for checkpoints and logs (TensorBoard and CSV).
        resume: go on from the last checkpoint in ``folder``; starts anew where there is none.
        hardware: to train on; by default one device, the best there is.
        progress: show a progress bar.

    Returns:
        The averaged weights, ``weights.ckpt``: what is exported, and what other runs start from.

    Raises:
        FoveaError: the folder already holds a run and ``resume`` is off or the run has another configuration, the
            data cannot be read, or the batch does not divide over the devices.
    """
    before, done = point_to_resume(folder, config, resume)
    hardware = hardware or Hardware()
    if config.batch % hardware.all_devices:
        raise FoveaError(f"batch {config.batch} does not divide over {hardware.all_devices} devices")
    pl.seed_everything(config.seed, verbose=False)
    kind = FindingTraining if isinstance(config.loss, FindingConfig) else CodecTraining
    module: NetworkTraining = kind(config)
    module.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    trainer = trainer_of(
        folder,
        steps=math.ceil(config.patches / config.batch),
        every=config.validate_every // config.batch,
        saving=(config.checkpoint_every or config.validate_every) // config.batch,
        done=done,
        clip=1.0,
        hardware=hardware,
        progress=progress,
        callbacks=[
            WeightAveraging(multi_avg_fn=get_ema_multi_avg_fn(config.ema)),  # type: ignore[no-untyped-call]
            LearningRateMonitor("step"),
        ],
        loggers=[TensorBoardLogger(folder, name="", version="tensorboard")],
    )
    # A resumed stream starts from other patches than the run began with.
    patches = Patches(config, config.seed + done, hardware.all_devices)
    if config.start and not before:
        start_from(module, config.start, patches.first(_LOOKED_AT))
    trainer.fit(module, datamodule=patches, ckpt_path=before if done else None, weights_only=False)
    checkpoint = folder / CHECKPOINT
    trainer.save_checkpoint(checkpoint, weights_only=False)
    return trainer.strategy.broadcast(save_weights(checkpoint, folder / WEIGHTS))


def save_weights(checkpoint: Path, path: Path) -> Path:
    """Write the averaged weights of a checkpoint in 16 bits, a sixth of its size, without what resuming needs.

    Args:
        checkpoint: of :func:`train`.
        path: of the file to write.

    Returns:
        ``path``.
    """
    saved = torch.load(checkpoint, map_location="cpu", weights_only=False)
    kept = {name: saved[name] for name in ("pytorch-lightning_version", "global_step", "hyper_parameters", "hours")}
    kept["state_dict"] = {name: tensor.half() for name, tensor in saved["state_dict"].items()}
    torch.save(kept, path)
    return path


def load_weights(module: NetworkTraining, checkpoint: Path) -> None:
    """Load the averaged weights of a checkpoint into a module of the same architecture.

    Raises:
        FoveaError: the file is no checkpoint, or of another architecture.
    """
    _load(module, _weights(checkpoint), checkpoint)


def start_from(module: NetworkTraining, checkpoint: Path, patches: Iterable[Patch]) -> None:
    """Load the averaged weights of a checkpoint into a module that may have parts which the checkpoint has not.

    What finds or takes a region of interest, or follows the background, is almost without effect, and an auxiliary head
    as it was initialized, until training finds better; detail is started from what the network loses without it; parts
    that the module does not have are left out.

    Args:
        module: to start.
        checkpoint: of a training.
        patches: to look at, where detail is to be started.

    Raises:
        FoveaError: the file is no checkpoint, or of another architecture.
    """
    own, saved = module.state_dict(), _weights(checkpoint)
    if _STEM in saved:
        saved[_STEM] = fitted(saved[_STEM], len(saved[_STEM]), max(own[_STEM].shape[1], saved[_STEM].shape[1]))
    grows = (
        _DETAIL in own
        and _DETAIL not in saved
        and _GAIN in saved
        and own[_GAIN].shape[1] - saved[_GAIN].shape[1] == len(own[_DETAIL])
    )
    if grows:
        saved = widen(saved, own)
    fresh = {name: value for name, value in own.items() if _is_optional(name)}
    known = {name: value for name, value in saved.items() if name in own or not _is_optional(name)}
    _load(module, fresh | known, checkpoint)
    if grows:
        fill_detail(module.network, (patch.image for patch in patches))


def _is_optional(name: str) -> bool:
    return name.startswith(_OPTIONAL) or name.endswith(_KNOB)


def _weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    try:
        return dict(torch.load(checkpoint, map_location="cpu", weights_only=False)["state_dict"])
    except Exception as error:  # what is no pickle raises errors of every kind
        raise FoveaError(f"{checkpoint} is no checkpoint of a training: {error}") from error


def _load(module: NetworkTraining, weights: dict[str, torch.Tensor], checkpoint: Path) -> None:
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise FoveaError(f"{checkpoint} does not fit the network of this run: {error}") from error
