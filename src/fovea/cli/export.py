"""The verb ``fovea export``."""

from pathlib import Path

import click

from fovea.cli.failures import needs_extra
from fovea.cli.options import FilePath, Name, debug_option
from fovea.cli.outputs import keep_inputs, require_file, require_folder
from fovea.cli.streams import print_note
from fovea.store import SUFFIX, open_model, save_model


def _model_file(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    if value is not None and value.suffix != SUFFIX:
        raise click.BadParameter(f"a model file ends in {SUFFIX}")
    return value


def _background_points(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> dict[int, int] | None:
    if value is None:
        return None
    try:
        return {int(quality): int(background) for quality, background in (pair.split(":") for pair in value.split(","))}
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a list of quality:background, such as 0:20,100:100") from error


@click.command()
@click.argument("checkpoint", type=FilePath(path_type=Path))
@click.option(
    "-o",
    "--out",
    metavar=f"MODEL{SUFFIX}",
    type=FilePath(path_type=Path, readable=False),
    callback=_model_file,
    help=f"Model file to write.  [default: NAME{SUFFIX}]",
)
@click.option("--name", type=Name(), help="Name of the model.  [default: that of the run]")
@click.option(
    "--encoder",
    metavar="NAME",
    type=Name(),
    help="Add only the encoder of the checkpoint to the model file that --out names, under this name. Both must decode"
    " in the same way.",
)
@click.option(
    "--backgrounds",
    metavar="Q:B,...",
    callback=_background_points,
    help="Backgrounds that go with some qualities where a user names none, such as 0:20,60:50,100:100; others are"
    " interpolated. For a network with this control.  [default: 100 for all]",
)
@click.option(
    "--finder",
    metavar="CHECKPOINT",
    type=FilePath(path_type=Path),
    help="Checkpoint of the finder that finds the objects, for a network that takes their map or finds them by itself.",
)
@debug_option
def export(
    checkpoint: Path,
    out: Path | None,
    name: str | None,
    encoder: str | None,
    backgrounds: dict[int, int] | None,
    finder: Path | None,
) -> None:
    """Export a checkpoint as a deployable model.

    CHECKPOINT is a file that "fovea train" wrote. Prints the path of the model file. Refuses a model whose integer
    network is not proven exact. Needs the extra train, and eval for a run with teachers.
    """
    if encoder and (out is None or name):
        raise click.UsageError("--encoder adds to the model file that --out names: give --out, and leave out --name")
    with needs_extra("train"):
        from fovea.training import CALIBRATION_PATCHES, export_model
    if named := out or (Path(f"{name}{SUFFIX}") if name else None):
        require_file(named)
        keep_inputs([named], [checkpoint, *([finder] if finder else [])])
    else:
        require_folder(Path())
    target = open_model(out) if encoder and out else None
    calibration = 0 if target else CALIBRATION_PATCHES
    with needs_extra("eval"):  # where teachers told the run where objects are
        model = export_model(checkpoint, name, calibration, backgrounds, finder)
    if target and encoder:
        model = target.with_encoder(encoder, model)
    path = out or Path(f"{model.name}{SUFFIX}")
    save_model(model, path)
    print_note(str(path))
