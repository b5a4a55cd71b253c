"""Check whether the run in a folder can be resumed."""

from pathlib import Path

from fovea.errors import FoveaError, about
from fovea.training.checkpoint import LAST, Checkpoint
from fovea.training.config import RunConfig


def steps_to_resume(folder: Path, config: RunConfig, resume: bool) -> int:
    """Return the number of steps that the run in a folder has done; 0 where there is no run.

    Args:
        folder: folder of the run.
        config: configuration to continue with.
        resume: whether the run may be continued.

    Raises:
        FoveaError: there is a run and ``resume`` is off, or it has another configuration.
    """
    checkpoint = folder / LAST
    if not checkpoint.exists():
        return 0
    if not resume:
        raise FoveaError("already holds a run: resume it with --resume, or choose another --out", path=folder)
    return steps_done(checkpoint, config)


def steps_done(checkpoint: Path, config: RunConfig) -> int:
    """Return the number of steps after which a checkpoint was written.

    Args:
        checkpoint: checkpoint of a run.
        config: configuration of the run, which may be longer than that of the checkpoint.

    Raises:
        FoveaError: the file is no checkpoint, or its run has another configuration.
    """
    saved = Checkpoint.read(checkpoint)
    with about(checkpoint):
        # Keys that did not exist when the run started get their defaults.
        before = saved.validated_config(type(config)).model_dump(mode="json")
        now = config.model_dump(mode="json")
        # If anything but the length could change, the model card would describe a training that never happened.
        if other := sorted(name for name in now if before[name] != now[name] and name != "patches"):
            raise FoveaError(
                f"was trained with another {', '.join(other)}: resume it with the configuration it started with, or"
                " start a new run in another folder"
            )
    return saved.step
