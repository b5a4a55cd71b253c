"""A training and all trainings that it starts from, so that a released model can be trained from nothing."""

from pathlib import Path
from typing import Any

from fovea.errors import FoveaError
from fovea.training.checkpoint import WEIGHTS
from fovea.training.config import RunConfig, TrainingConfig, read_config
from fovea.training.config_file import read_yaml
from fovea.training.losses.config import RecognizerConfig, TaskConfig
from fovea.training.resume import steps_done
from fovea.training.run import train
from fovea.training.segmenter.config import SegmenterConfig
from fovea.training.segmenter.module import SEGMENTER
from fovea.training.trainer import Hardware


def train_from_nothing(path: Path, folder: Path, *, resume: bool = False, hardware: Hardware | None = None) -> Path:
    """Train the codec of a configuration, and before it all networks that it needs.

    The file names in a configuration determine the runs that it needs. With ``start: checkpoints/A.ckpt`` or ``start:
    runs/A/weights.ckpt``, it needs the run of ``A.yaml`` in the same folder. With the recognizer ``checkpoints/B.onnx``
    in its loss, it needs the segmenter of ``B.yaml`` in the same folder. A file without such a configuration is used as
    it is. A complete run is not repeated.

    Args:
        path: configuration of the codec.
        folder: folder of its run. The other runs are in neighboring folders with the names of their configurations.
        resume: whether to continue runs that were interrupted.
        hardware: hardware to train on, with one device; None takes the fastest that is there.

    Returns:
        The averaged weights of the codec.

    Raises:
        FoveaError: see :func:`fovea.training.train`, for any of the runs; or a folder holds a run with another
            configuration.
    """
    weights: Path | None = None
    for source, config in reversed(_chain(path)):
        place = folder if source == path else folder.with_name(source.stem)
        changes: dict[str, Any] = {"start": weights} if weights else {}
        if isinstance(loss := config.loss, TaskConfig):
            recognizers = (_with_segmenter(one, source, folder, resume, hardware) for one in loss.recognizer)
            changes["loss"] = loss.model_copy(update={"recognizer": tuple(recognizers)})
        weights = _train_once(config.model_copy(update=changes), place, place / WEIGHTS, resume, hardware)
    return folder / WEIGHTS


def configurations(path: Path) -> list[TrainingConfig]:
    """Return the configuration of a codec, followed by those of the runs that it starts from, the first run last.

    Args:
        path: configuration of the codec.

    Raises:
        FoveaError: one of them cannot be read, or a run starts from itself.
    """
    return [config for _, config in _chain(path)]


def _chain(path: Path) -> list[tuple[Path, TrainingConfig]]:
    """Return a configuration and those of the runs that it starts from, by their files, the first run last."""
    chain: dict[Path, TrainingConfig] = {}
    source: Path | None = path
    while source:
        if source in chain:
            raise FoveaError("the run starts from itself: name another start", path=source)
        chain[source] = read_config(source)
        source = _start_config(source, chain[source])
    return list(chain.items())


def _start_config(path: Path, config: TrainingConfig) -> Path | None:
    """Return the configuration file of the run that a run starts from, if it lies beside ``path``."""
    if config.start is None:
        return None
    return _config_beside(path, config.start.parent.name if config.start.name == WEIGHTS else config.start.stem)


def _with_segmenter(
    named: RecognizerConfig, path: Path, folder: Path, resume: bool, hardware: Hardware | None
) -> RecognizerConfig:
    """Return a recognizer of a loss, with the segmenter of a configuration beside ``path``, if there is one."""
    source = _config_beside(path, named.recognizer.stem)
    if source is None:
        return named
    config, beside = read_yaml(source, SegmenterConfig), folder.with_name(source.stem)
    segmenter = _train_once(config, beside, beside / SEGMENTER, resume, hardware)
    return named.model_copy(update={"recognizer": segmenter})


def _train_once(config: RunConfig, folder: Path, result: Path, resume: bool, hardware: Hardware | None) -> Path:
    """Return the result of a run, which is trained unless it is complete."""
    weights = folder / WEIGHTS
    if weights.exists() and result.exists() and steps_done(weights, config) * config.batch_size >= config.patches:
        return result
    return train(config, folder, resume=resume, hardware=hardware)


def _config_beside(path: Path, name: str) -> Path | None:
    """Return the configuration of this name beside another one, if there is one."""
    beside = path.with_name(f"{name}.yaml")
    return beside if beside != path and beside.exists() else None
