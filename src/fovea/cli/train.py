"""The verb ``fovea train``."""

from pathlib import Path

import click

from fovea.cli.failures import needs_extra
from fovea.cli.streams import print_note
from fovea.cli.training_options import training_into, training_options


@click.command()
@training_options
@click.option(
    "--from-nothing",
    is_flag=True,
    help="First train all runs that this run starts from, with the configurations in the same folder.",
)
@click.option(
    "--devices", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="Devices on each node."
)
@click.option(
    "--nodes", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="Nodes of a cluster."
)
def train(
    config: Path,
    out: Path | None,
    resume: bool,
    from_nothing: bool,
    accelerator: str,
    devices: int,
    nodes: int,
    precision: str,
) -> None:
    """Train a codec, or a finder, which tells a codec where objects are.

    CONFIG.yaml describes the training. Prints the path of the averaged weights. Needs the extra train.
    """
    if from_nothing and devices * nodes > 1:
        raise click.UsageError("--from-nothing trains on one device: for more, train each configuration by itself")
    with needs_extra("train"):
        from lightning.pytorch.utilities import rank_zero_only

        from fovea import training
    runs = training.configurations(config) if from_nothing else [training.read_run(config)]
    if any(run.needs_recognizer for run in runs):
        with needs_extra("eval"):
            from fovea import recognition  # noqa: F401
    folder = out or Path("runs", runs[0].name)
    hardware = training.Hardware(accelerator, precision, devices, nodes)
    with training_into(folder):
        if from_nothing:
            weights = training.train_from_nothing(config, folder, resume=resume, hardware=hardware)
        else:
            weights = training.train(runs[0], folder, resume=resume, hardware=hardware)
    rank_zero_only(print_note)(str(weights))
