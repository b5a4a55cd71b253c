"""The verb ``fovea export``."""

from pathlib import Path

import click

from fovea.cli.failures import needs_extra
from fovea.cli.options import FilePath, Name, debug_option
from fovea.cli.outputs import keep_inputs, require_file, require_folder
from fovea.cli.streams import print_note
from fovea.store import SUFFIX, save_model


def _model_file(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    if value is not None and value.suffix != SUFFIX:
        raise click.BadParameter(f"a model file ends in {SUFFIX}")
    return value


@click.command()
@click.argument("checkpoint", type=FilePath(path_type=Path))
@click.option(
    "-o",
    "--out",
    metavar=f"MODEL{SUFFIX}",
    type=FilePath(path_type=Path),
    callback=_model_file,
    help=f"Model file to write.  [default: NAME{SUFFIX}]",
)
@click.option("--name", type=Name(), help="Name of the model.  [default: that of the run]")
@debug_option
def export(checkpoint: Path, out: Path | None, name: str | None) -> None:
    """Export a checkpoint as a deployable model.

    CHECKPOINT is a file that "fovea train" wrote. Prints the path of the model file. Refuses a model whose integer
    network is not proven exact. Needs the extra train.
    """
    with needs_extra("train"):
        from fovea.training import export_model
    if named := out or (Path(f"{name}{SUFFIX}") if name else None):
        require_file(named)
        keep_inputs([named], [checkpoint])
    else:
        require_folder(Path())
    model = export_model(checkpoint, name)
    path = out or Path(f"{model.name}{SUFFIX}")
    save_model(model, path)
    print_note(str(path))
