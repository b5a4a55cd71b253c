"""The command with its verbs, and the handling of errors and signals that a verb does not handle."""

import sys
from typing import Any

import click

from fovea import __version__
from fovea.cli import interruption, streams
from fovea.cli.complexity import complexity
from fovea.cli.decode import decode
from fovea.cli.detect import detect_command
from fovea.cli.encode import encode
from fovea.cli.eval import eval_command
from fovea.cli.export import export
from fovea.cli.failures import report
from fovea.cli.info import info
from fovea.cli.mask import mask_command
from fovea.cli.models import models
from fovea.cli.options import debug_option
from fovea.cli.rosbag import rosbag
from fovea.cli.serve import serve
from fovea.cli.stream import stream
from fovea.cli.train import train
from fovea.cli.train_segmenter import train_segmenter
from fovea.cli.watch import watch

_INTERRUPTED = 130


class _Command(click.Group):
    """The command, whose exit code is 0, 1 for an error, 2 for wrong usage, or 128 + N for signal N.

    An error, wrong usage or a signal prints one line at most.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            report(error)
            ctx.exit(1)

    def main(self, *args: Any, **settings: Any) -> Any:
        streams.prepare()
        with interruption.raised():
            try:
                code = super().main(*args, **settings | {"standalone_mode": False})
            except interruption.Interruption as stop:
                streams.tell(f"fovea: {stop}")
                interruption.end(stop.code)
            except click.Abort:
                streams.tell("fovea: interrupted")
                code = _INTERRUPTED
            except click.exceptions.NoArgsIsHelpError as error:
                error.show()
                code = error.exit_code
            except click.ClickException as error:
                streams.tell(f"fovea: {streams.one_line(error.format_message())}")
                code = error.exit_code
            except OSError as error:  # the help cannot be written to the standard output
                report(error)
                code = 1
            sys.exit(code)


@click.group(cls=_Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
@debug_option
def main() -> None:
    """Fovea: an image codec for machines.

    IN and OUT are files, folders, or - for a pipe. "fovea VERB -h" shows the options of a verb.
    """


_CODING = (encode, decode, info, models)
_SENDING = (serve, stream, watch, rosbag)
_MEASURING = (detect_command, mask_command, eval_command, complexity)
_TRAINING = (train, train_segmenter, export)
for _verb in (*_CODING, *_SENDING, *_MEASURING, *_TRAINING):
    main.add_command(_verb)
