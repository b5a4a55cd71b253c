"""``fovea train-segmenter``."""

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
    "--out",
    metavar="DIR",
    type=FilePath(path_type=Path),
    help="For checkpoint, log and result.  [default: runs/NAME]",
)
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in the folder.")
@click.option(
    "--accelerator",
    type=Name(),
    default="auto",
    show_default=True,
    help="As Lightning names them: cpu, gpu, auto.",
)
@click.option("--precision", type=Name(), default="bf16-mixed", show_default=True, help="As Lightning names them.")
@debug_option
def train_segmenter(config: Path, out: Path | None, resume: bool, accelerator: str, precision: str) -> None:
    """Train the network whose features a codec keeps.

    CONFIG.yaml says how; the segmenter learns to tell objects apart from the masks that a codec is trained with, and
    the loss of the codec names it. Prints the path of its ONNX file. Needs the extra train.
    """
    with needs_extra("train"):
        from fovea.training.segmenter.training import SegmenterConfig
        from fovea.training.segmenter.training import train_segmenter as train
        from fovea.training.strict import read_yaml
        from fovea.training.trainer import Hardware
    wanted = read_yaml(config, SegmenterConfig)
    folder = out or Path("runs", wanted.name)
    require_folder(folder)
    with redirect_stdout(sys.stderr):  # the progress bar of Lightning is no result
        path = train(wanted, folder, resume=resume, hardware=Hardware(accelerator, precision))
    print_note(str(path))
