"""The verb ``fovea train-segmenter``."""

from pathlib import Path

import click

from fovea.cli.failures import needs_extra
from fovea.cli.streams import print_note
from fovea.cli.training_options import training_into, training_options


@click.command()
@training_options
def train_segmenter(config: Path, out: Path | None, resume: bool, accelerator: str, precision: str) -> None:
    """Train a segmenter, whose features a codec keeps.

    CONFIG.yaml describes the training. The segmenter learns to classify pixels from the masks that the codec is trained
    with, and the loss of the codec names its file. Prints the path of the ONNX file. Needs the extra train.
    """
    with needs_extra("train"):
        from fovea import training
    run = training.read_yaml(config, training.SegmenterConfig)
    folder = out or Path("runs", run.name)
    with training_into(folder):
        path = training.train(run, folder, resume=resume, hardware=training.Hardware(accelerator, precision))
    print_note(str(path))
