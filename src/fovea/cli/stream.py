"""The verb ``fovea stream``."""

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from fovea.arguments import scale_number
from fovea.cli.failures import needs_extra
from fovea.cli.interruption import Interruption
from fovea.cli.options import POSITIVE, Name, codec_options, model_option, scale_option
from fovea.cli.streams import tell
from fovea.errors import FoveaError

if TYPE_CHECKING:
    from fovea.camera import Counts


@click.command()
@click.argument("source", metavar="SOURCE", type=Name())
@click.argument("destination", metavar="DESTINATION", type=Name())
@click.option("--kbps", metavar="N", type=POSITIVE, required=True, help="Budget in kbit/s.")
@click.option("--fps", metavar="F", type=POSITIVE, default=5, show_default=True, help="Most frames per second.")
@click.option(
    "--min-quality",
    metavar="Q",
    type=click.IntRange(0, 100),
    default=25,
    show_default=True,
    help="Quality below which frames are skipped instead, down to one in 1.2 seconds.",
)
@click.option(
    "--refresh",
    metavar="SECONDS",
    type=POSITIVE,
    default=30,
    show_default=True,
    help="Send each tile anew within so many seconds, whether it has changed or not.",
)
@model_option
@scale_option(
    "Size at which frames are coded",
    "With auto it follows the size of the frames and the budget.",
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
    scale: str,
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
        rate = camera.RateController(kbps, fps, min_quality, scale_number(scale))
        streamer = camera.Streamer(encode, target, rate, clock, refresh)
        begun = clock.now()
        with suppress(Interruption):  # the usual end of a camera
            camera.offer_frames(frames, streamer, fps, clock)
        if not quiet:
            tell(_summary(streamer.counts, clock.now() - begun))
    finally:
        frames.close()
        target.close()
    if frames.error:
        raise FoveaError(f"the video breaks off: {frames.error}", path=camera.without_account(source))
    if streamer.counts.lost and not streamer.counts.sent:
        raise FoveaError("no frame has arrived", path=camera.without_account(destination))


def _summary(counts: "Counts", seconds: float) -> str:
    kbps = 8 * counts.bytes / 1000 / max(seconds, 1.0)
    told = [
        f"{counts.sent} frames sent in {counts.messages} messages",
        f"{kbps:.1f} kbit/s over {seconds:.0f} s",
        f"{counts.unchanged} unchanged" if counts.unchanged else "",
        f"{counts.saved} skipped for the budget" if counts.saved else "",
        f"{counts.lost} lost" if counts.lost else "",
    ]
    return "; ".join(part for part in told if part)
