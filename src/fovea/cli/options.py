"""Options that several verbs share, and the types of their values."""

import os
from collections.abc import Callable
from typing import Any

import click

from fovea.bitstream import DEFAULT_MAX_PIXELS
from fovea.cli.failures import DEBUG
from fovea.engine import available_cores

_Function = Callable[..., Any]


def _refuse_empty(text: Any, parameter: click.Parameter | None, context: click.Context | None) -> None:
    # Most likely a variable of the shell is not set. As a path, the empty name would be the current folder.
    if not os.fspath(text):
        raise click.BadParameter("the name is empty", context, parameter)


class FilePath(click.Path):
    """The path of a file or a folder, or ``-``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty name."""
        _refuse_empty(value, param, ctx)
        return super().convert(value, param, ctx)


class Name(click.types.StringParamType):
    """The name of something."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty name."""
        _refuse_empty(value, param, ctx)
        return super().convert(value, param, ctx)


class Score(click.FloatRange):
    """A score of a recognizer, 0 to 1."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse NaN, which passes every range check."""
        score = super().convert(value, param, ctx)
        if score != score:
            self.fail("is not a number", param, ctx)
        return score


def _note_debug(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        context.meta[DEBUG] = True


def _cores(_context: click.Context, _parameter: click.Parameter, value: int | None) -> int:
    cores = available_cores()
    return min(value or cores, cores)


def jobs_option(what: str) -> Callable[[_Function], _Function]:
    """Return the option ``--jobs``, from 1 to the number of cores: more jobs would wait for each other.

    Args:
        what: first words of the help, which say what the jobs are.
    """
    return click.option(
        "-j",
        "--jobs",
        metavar="N",
        type=click.IntRange(min=1),
        callback=_cores,
        help=f"{what}; more than the number of cores has no effect.  [default: one for each core]",
    )


debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, callback=_note_debug, help="Show the traceback of errors."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
max_pixels_option = click.option(
    "--max-pixels",
    metavar="N",
    type=click.IntRange(min=1),
    default=DEFAULT_MAX_PIXELS,
    show_default=True,
    help="Refuse pictures with more pixels: a small file may claim to be huge.",
)
recognizer_option = click.option(
    "-r",
    "--recognizer",
    metavar="R",
    required=True,
    type=Name(),
    help="Recognizer: an .onnx or .yaml file, or a name of the registry.",
)

_codec_options = (
    click.option(
        "--engine", metavar="NAME", type=Name(), default="onnxruntime", show_default=True, help="Inference runtime."
    ),
    click.option(
        "--precision",
        metavar="P",
        type=Name(),
        default="auto",
        show_default=True,
        help="Precision of the networks: fp32, or bf16 or fp16 where the engine has them. auto takes the fastest"
        " wherever it costs at most 1 % of the bits.",
    ),
    jobs_option("Cores to use"),
    click.option("--quiet", is_flag=True, help="No progress bar and no summary."),
    debug_option,
)


def codec_options(function: _Function) -> _Function:
    """Add the options that ``encode`` and ``decode`` share."""
    for option in reversed(_codec_options):
        function = option(function)
    return function
