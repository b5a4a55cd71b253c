"""Options that several verbs share."""

from collections.abc import Callable
from typing import Any

import click

from fovea.bitstream import DEFAULT_MAX_PIXELS
from fovea.cli.failures import DEBUG

_Function = Callable[..., Any]


def _note_debug(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        context.meta[DEBUG] = True


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
    help="Refuse larger pictures: a small file may claim to be one.",
)

_codec_options = (
    click.option("--engine", metavar="NAME", default="onnxruntime", show_default=True, help="Inference runtime."),
    click.option("--precision", metavar="P", default="fp32", show_default=True, help="Of the transforms."),
    click.option("-j", "--jobs", metavar="N", type=click.IntRange(min=1), help="Cores to use.  [default: all]"),
    click.option("--quiet", is_flag=True, help="No progress bar and no summary."),
    debug_option,
)


def codec_options(function: _Function) -> _Function:
    """What ``encode`` and ``decode`` have in common."""
    for option in reversed(_codec_options):
        function = option(function)
    return function
