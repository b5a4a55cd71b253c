"""A training and those that it goes on from: the whole way from nothing to a released model."""

from pathlib import Path

from fovea.training.config import TaskConfig, TrainingConfig, read_config
from fovea.training.run import WEIGHTS, train
from fovea.training.segmenter.training import SEGMENTER, SegmenterConfig, train_segmenter
from fovea.training.strict import read_yaml
from fovea.training.trainer import CHECKPOINT, Hardware, steps_done


def train_from_nothing(path: Path, folder: Path, *, resume: bool = False, hardware: Hardware | None = None) -> Path:
    """Train what a configuration describes, and before that all that it needs.

    A run that starts from ``checkpoints/A.ckpt`` needs the run of ``A.yaml``, beside its own configuration; one whose
    loss names ``checkpoints/B.onnx`` needs the segmenter of ``B.yaml``. A file of which there is no configuration there
    is taken as it is. A run that is complete is not repeated.

    Args:
        path: of the configuration.
        folder: of its run; the others have their names for folders, beside it.
        resume: go on with runs that were interrupted.
        hardware: to train on, one device; by default the best there is.

    Returns:
        The averaged weights of the run.

    Raises:
        FoveaError: as of :func:`fovea.training.run.train`, of any of the runs; or one is there that was trained with
            another configuration.
    """
    config = read_config(path)
    if isinstance(loss := config.loss, TaskConfig):
        made = [
            _recognizer(recognizer, _maker(path, recognizer), folder, resume, hardware)
            for recognizer in loss.recognizers
        ]
        named = tuple(made) if isinstance(loss.recognizer, tuple) else made[0]
        config = config.model_copy(update={"loss": loss.model_copy(update={"recognizer": named})})
    if maker := _maker(path, config.start):
        start = train_from_nothing(maker, folder.with_name(maker.stem), resume=resume, hardware=hardware)
        config = config.model_copy(update={"start": start})
    weights = folder / WEIGHTS
    if _is_complete(weights, weights, config):
        return weights
    return train(config, folder, resume=resume, hardware=hardware)


def configurations(path: Path) -> list[TrainingConfig]:
    """The configuration of a codec and those of the codecs that it goes on from, the last first.

    Args:
        path: of the configuration.

    Raises:
        FoveaError: one of them cannot be read.
    """
    config = read_config(path)
    maker = _maker(path, config.start)
    return [config, *(configurations(maker) if maker else [])]


def _recognizer(named: Path, maker: Path | None, beside: Path, resume: bool, hardware: Hardware | None) -> Path:
    """What a loss names, or the segmenter in its place, trained as its configuration says if it is not there."""
    if maker is None:
        return named
    config, folder = read_yaml(maker, SegmenterConfig), beside.with_name(maker.stem)
    network = folder / SEGMENTER
    if not _is_complete(folder / CHECKPOINT, network, config):
        train_segmenter(config, folder, resume=resume, hardware=hardware)
    return network


def _is_complete(checkpoint: Path, result: Path, config: TrainingConfig | SegmenterConfig) -> bool:
    """Whether the result of a run is there, and of this configuration as its checkpoint tells."""
    if not (checkpoint.exists() and result.exists()):
        return False
    return steps_done(checkpoint, config) * config.batch >= config.patches


def _maker(path: Path, made: Path | None) -> Path | None:
    """The configuration, beside one, of the run that makes a file; None where there is none."""
    if made is None:
        return None
    maker = path.with_name(f"{made.stem}.yaml")
    return maker if maker != path and maker.exists() else None
