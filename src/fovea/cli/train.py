"""``fovea train``."""

import sys
from contextlib import redirect_stdout
from pathlib import Path

import click

from fovea.cli.failures import needs_extra
from fovea.cli.options import FilePath, Name, debug_option
from fovea.cli.outputs import require_folder
from fovea.cli.streams import print_note


@click.command()
@click.argument("config", metavar="CONFIG.yaml", type=FilePath(path_type=Path))
@click.option(
    "--out", metavar="DIR", type=FilePath(path_type=Path), help="For checkpoints and logs.  [default: runs/NAME]"
)
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in the folder.")
@click.option(
    "--from-nothing",
    is_flag=True,
    help="First train what CONFIG.yaml starts from, as the configurations beside it say, and so on to the beginning.",
)
@click.option(
    "--accelerator",
    type=Name(),
    default="auto",
    show_default=True,
    help="As Lightning names them: cpu, gpu, auto.",
)
@click.option("--devices", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="On each node.")
@click.option("--nodes", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="Of a cluster.")
@click.option("--precision", type=Name(), default="bf16-mixed", show_default=True, help="As Lightning names them.")
@debug_option
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
    """Train a codec.

    CONFIG.yaml says how. Prints the path of the averaged weights. Needs the extra train.
    """
    if from_nothing and devices * nodes > 1:
        raise click.UsageError("--from-nothing trains on one device: for more, train each configuration by itself")
    with needs_extra("train"):
        from lightning.pytorch.utilities import rank_zero_only

        from fovea.training import config as configuration
        from fovea.training import lineage, run
        from fovea.training.trainer import Hardware
    runs = lineage.configurations(config) if from_nothing else [configuration.read_config(config)]
    wanted = runs[0]
    if any(isinstance(each.loss, configuration.FindingConfig) for each in runs):
        with needs_extra("eval"):
            from fovea.training import seen  # noqa: F401
    folder, hardware = out or Path("runs", wanted.name), Hardware(accelerator, precision, devices, nodes)
    require_folder(folder)
    with redirect_stdout(sys.stderr):  # the progress bar of Lightning is no result
        if from_nothing:
            weights = lineage.train_from_nothing(config, folder, resume=resume, hardware=hardware)
        else:
            weights = run.train(wanted, folder, resume=resume, hardware=hardware)
    rank_zero_only(print_note)(str(weights))
