"""Run a training from a configuration to its result."""

from pathlib import Path

import lightning.pytorch as pl
import torch

from fovea.errors import ArgumentError, FoveaError, about
from fovea.training.checkpoint import LAST, Checkpoint
from fovea.training.codec_module import CodecTraining
from fovea.training.config import RunConfig, TrainingConfig
from fovea.training.config_file import read_fields, validated
from fovea.training.data.codec_patches import CodecPatches
from fovea.training.finder.config import FinderTrainingConfig
from fovea.training.finder.module import FinderTraining
from fovea.training.losses.config import ObjectnessConfig
from fovea.training.objectness_module import ObjectnessTraining
from fovea.training.resume import steps_to_resume
from fovea.training.segmenter.config import SegmenterConfig
from fovea.training.segmenter.module import SegmenterTraining
from fovea.training.segmenter.patches import SegmenterPatches
from fovea.training.start import start_from
from fovea.training.trainer import Hardware, make_trainer
from fovea.training.training_module import NetworkTraining, TrainingModule

_PATCHES_TO_FIT_DETAIL = 64


def read_run(path: Path) -> RunConfig:
    """Read and check the configuration of a training of a codec or of a finder; only the latter has the key teachers.

    Raises:
        FoveaError: see :func:`fovea.training.config_file.read_yaml`.
    """
    fields = read_fields(path)
    is_finder = isinstance(fields, dict) and "teachers" in fields
    with about(path):
        return validated(fields, FinderTrainingConfig if is_finder else TrainingConfig)


def train(
    config: RunConfig,
    folder: Path,
    *,
    resume: bool = False,
    hardware: Hardware | None = None,
    progress: bool = True,
) -> Path:
    """Train a codec, a finder or a segmenter.

    Args:
        config: configuration of the run, a :class:`TrainingConfig`, a :class:`FinderTrainingConfig` or a
            :class:`SegmenterConfig`.
        folder: folder for checkpoints, logs (TensorBoard and CSV) and the result.
        resume: whether to continue from the last checkpoint in ``folder``; if there is none, the run starts anew.
        hardware: hardware to train on; None takes one device, the fastest that is there.
        progress: whether to show a progress bar.

    Returns:
        The result of the run: the averaged weights of a codec or of a finder, ``weights.ckpt``, which are exported and
        from which other runs start; or the ONNX file of a segmenter, ``segmenter.onnx``.

    Raises:
        FoveaError: the folder already holds a run and ``resume`` is off or the run has another configuration, the data
            cannot be read, or the batch does not divide over the devices.
        ArgumentError: a finder or a segmenter is given several devices.
    """
    done = steps_to_resume(folder, config, resume)
    hardware = hardware or Hardware()
    if config.batch_size % hardware.all_devices:
        raise FoveaError(f"batch_size {config.batch_size} does not divide over {hardware.all_devices} devices")
    # A resumed run must not see the patches and the noise of its start a second time.
    seed = config.seed + done
    pl.seed_everything(seed, verbose=False)
    module, patches = _prepare(config, seed, hardware.all_devices, starts=not done)
    trainer = make_trainer(
        config, folder, hardware, steps_done=done, gradient_clip=module.gradient_clip, progress=progress
    )
    last = folder / LAST
    trainer.fit(module, datamodule=patches, ckpt_path=last if done else None, weights_only=True)
    trainer.save_checkpoint(last, weights_only=False)  # with all that resuming needs
    result: Path | None = None
    if trainer.is_global_zero:
        result = module.write_result(Checkpoint.read(last), folder)
    result = trainer.strategy.broadcast(result)
    assert result is not None
    return result


def _prepare(
    config: RunConfig, seed: int, devices: int, *, starts: bool
) -> tuple[TrainingModule, pl.LightningDataModule]:
    """Return the module to train, and the patches to train it on."""
    if isinstance(config, SegmenterConfig):
        if devices > 1:
            raise ArgumentError(f"a segmenter is trained on one device, not on {devices}")
        crops = SegmenterPatches(config, seed)
        segmenter = SegmenterTraining(config, crops.class_counts())
        segmenter.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return segmenter, crops
    if isinstance(config, FinderTrainingConfig):
        # Recognizers need the extra eval, which most trainings do without.
        from fovea.training.finder.patches import FinderPatches

        if devices > 1:
            raise ArgumentError(f"a finder is trained on one device, not on {devices}")
        labeled = FinderPatches(config, seed)
        finder = FinderTraining(config)
        finder.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return finder, labeled
    assert isinstance(config, TrainingConfig)
    kind = ObjectnessTraining if isinstance(config.loss, ObjectnessConfig) else CodecTraining
    codec: NetworkTraining = kind(config)
    codec.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    patches = CodecPatches(config, seed, devices)
    if config.start and starts:
        start_from(codec, config.start, patches.first(_PATCHES_TO_FIT_DETAIL))
    return codec, patches
