"""The verb ``fovea stream``."""

import math
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from fovea.arguments import AUTO_SCALE, scale_number
from fovea.cli.failures import needs_extra
from fovea.cli.interruption import Interruption
from fovea.cli.options import Name, codec_options
from fovea.cli.streams import tell
from fovea.codec import DEFAULT_MODEL
from fovea.errors import ArgumentError, FoveaError

if TYPE_CHECKING:
    from fovea.camera import Counts


def _positive(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    if not 0 < value < math.inf:
        raise click.BadParameter("must be a number above 0")
    return value


def _eighths(_context: click.Context, _parameter: click.Parameter, value: str) -> int | None:
    try:
        return scale_number(value)
    except ArgumentError as error:
        raise click.BadParameter(error.reason) from error


@click.command()
@click.argument("source", metavar="SOURCE", type=Name())
@click.argument("destination", metavar="DESTINATION", type=Name())
@click.option("--kbps", metavar="N", type=float, required=True, callback=_positive, help="Budget in kbit/s.")
@click.option(
    "--fps", metavar="F", type=float, callback=_positive, default=5, show_default=True, help="Most frames per second."
)
@click.option(
    "--min-quality",
    metavar="Q",
    type=click.IntRange(0, 100),
    default=25,
    show_default=True,
    help="Quality below which frames are passed over instead, down to one in 1.2 seconds.",
)
@click.option(
    "--refresh",
    metavar="SECONDS",
    type=float,
    callback=_positive,
    default=30,
    show_default=True,
    help="Send each tile anew within so many seconds, whether it has changed or not.",
)
@click.option("-m", "--model", type=Name(), default=DEFAULT_MODEL, show_default=True, help="Name or file of the model.")
@click.option(
    "--scale",
    metavar="S",
    type=Name(),
    callback=_eighths,
    default=AUTO_SCALE,
    show_default=True,
    help="Size at which frames are coded, as a fraction of their own: 1, 7/8, 3/4 and so on to 1/8. With auto it"
    " follows the size of the frames and the budget.",
)
@codec_options
def stream(
    source: str,
    destination: str,
    kbps: float,
    fps: float,
    min_quality: int,
    refresh: float,
    model: str,
    scale: int | None,
    engine: str,
    precision: str,
    jobs: int,
    quiet: bool,
) -> None:
    """Send what a camera sees within a budget of bits.

    SOURCE is a camera device, an address (rtsp://, http://), or a video file, which plays as a camera would.
    DESTINATION is mqtt://HOST/TOPIC, http://HOST:PORT/PATH, or a folder. Ends with the video, or with Ctrl-C. Needs the
    extra camera.
    """
    with needs_extra("camera"):
        from fovea import camera
    from fovea.codec import Codec

    camera.check_destination(destination)
    clock = camera.SystemClock()
    frames = camera.Camera(source)
    target = camera.open_destination(destination, lambda line: tell(f"fovea: {line}"))
    begun = clock.now()
    try:
        encode = camera.encoder_of(Codec(model, engine, precision, jobs))
        rate = camera.RateController(kbps, fps, min_quality, scale)
        streamer = camera.Streamer(encode, target, rate, clock, refresh)
        begun = clock.now()
        with suppress(Interruption):  # the usual end of a camera
            camera.run(frames, streamer, fps, clock)
        if not quiet:
            tell(_summary(streamer.counts, clock.now() - begun))
    finally:
        frames.close()
        target.close()
    if frames.error:
        raise FoveaError(f"the video breaks off: {frames.error}", path=source)


def _summary(counts: "Counts", seconds: float) -> str:
    kbps = 8 * counts.bytes / 1000 / max(seconds, 1.0)
    told = [
        f"{counts.sent} frames sent in {counts.messages} messages",
        f"{kbps:.1f} kbit/s over {seconds:.0f} s",
        f"{counts.unchanged} unchanged" if counts.unchanged else "",
        f"{counts.saved} passed over for the budget" if counts.saved else "",
        f"{counts.lost} lost" if counts.lost else "",
    ]
    return "; ".join(part for part in told if part)
