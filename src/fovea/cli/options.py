"""Options that several verbs share, and the types of their values."""

import math
import os
from collections.abc import Callable, Sequence
from typing import Any

import click

from fovea.arguments import AUTO_SCALE, scale_number
from fovea.bitstream import DEFAULT_MAX_PIXELS
from fovea.cli.failures import DEBUG
from fovea.codec import DEFAULT_MODEL
from fovea.engine import available_cores
from fovea.errors import ArgumentError

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


class Number(click.FloatRange):
    """A finite number in a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse NaN, which passes every range check, and infinity."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


SCORE = Number(0, 1)
"""A score of a recognizer."""
POSITIVE = Number(min=0, min_open=True)
"""A number above 0."""


def _note_debug(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        context.meta[DEBUG] = True


def _check_scale(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        scale_number(value)
    except ArgumentError as error:
        raise click.BadParameter(error.reason) from error
    return value


def scale_option(what: str, automatic: str) -> Callable[[_Function], _Function]:
    """Return the option ``--scale``, whose value is one that :func:`fovea.arguments.scale_number` understands.

    Args:
        what: first words of the help, which say what is coded at a size.
        automatic: its last words, which say what ``auto`` does.
    """
    return click.option(
        "--scale",
        metavar="S",
        type=Name(),
        callback=_check_scale,
        default=AUTO_SCALE,
        show_default=True,
        help=f"{what}, as a fraction of their own: 1, 7/8, 3/4 and so on to 1/8. {automatic}",
    )


def jobs_option(what: str, workers: bool = False) -> Callable[[_Function], _Function]:
    """Return the option ``--jobs``, from 1 to the number of cores: more jobs would wait for each other.

    Args:
        what: first words of the help, which say what the jobs are.
        workers: whether the verb has the option ``--workers``, too, whose processes share the cores by default.
    """

    def limit(context: click.Context, _parameter: click.Parameter, value: int | None) -> int:
        cores = available_cores()
        return min(value or max(1, cores // context.params["workers"] if workers else cores), cores)

    default = "the cores divided by the processes" if workers else "one for each core"
    return click.option(
        "-j",
        "--jobs",
        metavar="N",
        type=click.IntRange(min=1),
        callback=limit,
        help=f"{what}; more than the number of cores has no effect.  [default: {default}]",
    )


def listening_options(what: str, port: int, others: str) -> Callable[[_Function], _Function]:
    """Return a decorator that adds the options ``--host`` and ``--port``, of a verb that listens.

    Args:
        what: what listens.
        port: the port without the option.
        others: what holds at an address that others reach; goes on "Any but this machine's own".
    """
    options = (
        click.option(
            "--host",
            metavar="ADDRESS",
            type=Name(),
            default="127.0.0.1",
            show_default=True,
            help=f"Address of {what}. Any but this machine's own {others}.",
        ),
        click.option(
            "--port",
            metavar="N",
            type=click.IntRange(0, 65535),
            default=port,
            show_default=True,
            help=f"Port of {what}; 0 takes any that is free.",
        ),
    )
    return lambda function: _with(options, function)


def _with(options: Sequence[Callable[[_Function], _Function]], function: _Function) -> _Function:
    for option in reversed(options):
        function = option(function)
    return function


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
model_option = click.option(
    "-m", "--model", type=Name(), default=DEFAULT_MODEL, show_default=True, help="Name or file of the model."
)
engine_option = click.option(
    "--engine", metavar="NAME", type=Name(), default="onnxruntime", show_default=True, help="Inference runtime."
)
precision_option = click.option(
    "--precision",
    metavar="P",
    type=Name(),
    default="auto",
    show_default=True,
    help="Precision of the networks: fp32, or bf16 or fp16 where the engine has them. auto takes the fastest"
    " wherever it costs at most 1 % of the bits.",
)

_codec_options = (
    engine_option,
    precision_option,
    jobs_option("Cores to use"),
    click.option("--quiet", is_flag=True, help="No progress bar and no summary."),
    debug_option,
)


def codec_options(function: _Function) -> _Function:
    """Add the options that ``encode`` and ``decode`` share."""
    return _with(_codec_options, function)
