"""The verb ``fovea rosbag``."""

from pathlib import Path

import click

from fovea.cli.failures import needs_extra
from fovea.cli.options import FilePath, codec_options, model_option
from fovea.cli.streams import tell
from fovea.codec import DEFAULT_QUALITY


@click.command()
@click.argument("action", metavar="encode|decode", type=click.Choice(["encode", "decode"]))
@click.argument("source", metavar="IN", type=FilePath(path_type=Path))
@click.argument("target", metavar="OUT", type=FilePath(path_type=Path))
@click.option(
    "-q",
    "--quality",
    type=click.IntRange(0, 100),
    default=DEFAULT_QUALITY,
    show_default=True,
    help="Quality from 0, the smallest bag, to 100, the best pictures.",
)
@model_option
@codec_options
def rosbag(
    action: str,
    source: Path,
    target: Path,
    quality: int,
    model: str,
    engine: str,
    precision: str,
    jobs: int,
    quiet: bool,
) -> None:
    """Recode the images of a bag of ROS 2.

    IN is the folder of a bag, or its .mcap or .db3 file; OUT is a folder that does not exist. encode makes
    CompressedImage messages with the format "fovea"; decode makes Image messages of these. Other messages stay as they
    are. Needs the extra ros.
    """
    with needs_extra("ros"):
        from fovea.integrations.rosbag import decode_bag, encode_bag
    from fovea.codec import Codec

    codec = Codec(model, engine, precision, jobs)
    done = encode_bag(source, target, quality, codec) if action == "encode" else decode_bag(source, target, codec)
    if not quiet:
        sizes = f"{done.bytes_before / 1e6:.1f} MB of images became {done.bytes_after / 1e6:.1f} MB"
        kept = f"; unchanged: {', '.join(done.kept)}" if done.kept else ""
        tell(f"{done.images} images of {done.messages} messages: {sizes}{kept}")
