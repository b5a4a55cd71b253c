"""The verb ``fovea encode``."""

from pathlib import Path
from typing import IO

import click

from fovea.bitstream import MAGIC
from fovea.cli.batch import Tally, convert_all, share
from fovea.cli.files import PIPE, as_path, name_of, plan
from fovea.cli.job import LOCAL, encode_job, is_job
from fovea.cli.options import POSITIVE, FilePath, Name, codec_options, max_pixels_option, model_option, scale_option
from fovea.cli.regions import region_finder
from fovea.cli.slow_coder import SlowCoderNote
from fovea.codec import DEFAULT_QUALITY
from fovea.settings import Settings
from fovea.spec import HIGHEST_BACKGROUND, HIGHEST_QUALITY

_PURPOSES = {"people": HIGHEST_BACKGROUND, "machines": 0}
"""The ends of the background, by who looks at the pictures."""


@click.command()
@click.argument("source", metavar="IN", type=FilePath())
@click.argument("target", metavar="OUT", type=FilePath(readable=False))
@click.option(
    "-q",
    "--quality",
    type=click.IntRange(0, HIGHEST_QUALITY),
    help=f"Quality from 0, the smallest file, to {HIGHEST_QUALITY}, the best picture.  [default: {DEFAULT_QUALITY}]",
)
@model_option
@click.option("--encoder", metavar="NAME", type=Name(), help="Further encoder of the model.  [default: its usual one]")
@click.option(
    "--target-bpp",
    metavar="X",
    type=POSITIVE,
    help="Choose the best quality with at most X bits per pixel.",
)
@click.option(
    "--target-size",
    metavar="BYTES",
    type=click.IntRange(min=1),
    help="Choose the best quality with at most BYTES bytes.",
)
@scale_option(
    "Size at which pictures are coded",
    "Decoding restores their own size. With auto, models that find objects or take a map reduce large pictures at low"
    " qualities.",
)
@click.option(
    "--background",
    metavar="B",
    type=click.IntRange(0, HIGHEST_BACKGROUND),
    help="How much an error outside of objects counts, from 0, least, to 100, as much as inside, for models that have"
    " this control.  [default: what goes with the quality]",
)
@click.option(
    "--for",
    "purpose",
    type=click.Choice(list(_PURPOSES)),
    help="Who looks at the pictures: people is --background 100, machines is --background 0.",
)
@click.option(
    "--roi",
    metavar="MAP",
    type=FilePath(path_type=Path),
    help="Region of interest, for models that take one: an image that is white in the region, a folder of such images"
    " with the names of those in IN, labels (COCO .json), or a recognizer (.onnx, .yaml) that finds objects.",
)
@click.option(
    "--no-metadata", is_flag=True, help="Drop EXIF, ICC and XMP; the picture is turned upright and converted to sRGB."
)
@max_pixels_option
@click.option(
    "--manifest",
    metavar="FILE.parquet",
    type=Name(),
    help="Work as a job that can go on where it stopped, and record each image here. [default: manifest.parquet in OUT"
    " if IN or OUT is a URL, or with --ray]",
)
@click.option(
    "--overwrite",
    is_flag=True,
    help="In a job: encode everything again, and replace files that no manifest lists.",
)
@click.option(
    "--ray",
    metavar="[ADDRESS]",
    type=Name(),
    is_flag=False,
    flag_value=LOCAL,
    help="Encode on a Ray cluster, or on a Ray that is started on this machine if no address is given.",
)
@codec_options
@click.pass_context
def encode(
    context: click.Context,
    source: str,
    target: str,
    quality: int | None,
    model: str,
    encoder: str | None,
    target_bpp: float | None,
    target_size: int | None,
    scale: str,
    background: int | None,
    purpose: str | None,
    roi: Path | None,
    no_metadata: bool,
    max_pixels: int,
    manifest: str | None,
    overwrite: bool,
    ray: str | None,
    engine: str,
    precision: str,
    jobs: int,
    quiet: bool,
) -> None:
    """Encode images to .fov files.

    IN is an image, a folder of images, or - for the standard input. OUT is a .fov file, a folder, or - for the standard
    output. Either may be the URL of a prefix of an object store, such as s3://bucket/photos.
    """
    if sum(choice is not None for choice in (quality, target_bpp, target_size)) > 1:
        raise click.UsageError("choose one of --quality, --target-bpp and --target-size")
    if background is not None and purpose:
        raise click.UsageError("choose one of --background and --for")

    settings = Settings(
        model,
        DEFAULT_QUALITY if quality is None else quality,
        target_bpp,
        target_size,
        scale,
        _PURPOSES[purpose] if purpose else background,
        encoder,
        not no_metadata,
        max_pixels,
        engine,
        precision,
    )

    if is_job(source, target, manifest, ray):
        if roi:
            raise click.UsageError("a job takes no --roi: encode folders of this machine without --manifest and --ray")
        if "-" in (source, target):
            raise click.UsageError("a job works on folders and object stores, and - is a pipe")
        if not encode_job(source, target, settings, jobs, manifest, ray, overwrite, quiet):
            context.exit(1)
        return

    from fovea.picture import image_suffixes, open_picture

    work = plan(source, target, image_suffixes(), ".fov", [Path(model), *([roi] if roi else [])])
    _keep_others(work.tasks[0].target)
    at_once, threads = share(jobs, len(work.tasks))
    codec = settings.open_codec(threads, at_once)
    note = SlowCoderNote()
    find_region = region_finder(roi, as_path(source), threads, not no_metadata, max_pixels) if roi else None

    def convert(path: Path, image: IO[bytes], out: IO[bytes]) -> Tally:
        picture = open_picture(image, settings.keep_metadata, settings.max_pixels)
        region = find_region and find_region(path, picture)
        pixels = picture.width * picture.height
        note.count(pixels)
        data = settings.encode(codec, picture, region)
        out.write(data)
        return Tally(len(data), pixels, pixels)

    if not convert_all(work, convert, at_once, quiet):
        context.exit(1)


def _keep_others(out: Path) -> None:
    """Check that OUT is not an image, and replaces no file but a coded one: "encode *.jpg" may name two photos.

    Raises:
        click.UsageError: OUT has the name of an image, or is a file that is neither coded nor empty.
        OSError: the file cannot be read.
    """
    from PIL import Image

    if (suffix := out.suffix.lower()) == ".fov":
        return
    if suffix in Image.registered_extensions():
        raise click.UsageError(f"OUT, {name_of(out)}, has the name of an image: coded files end in .fov")
    if out != PIPE and out.is_file():
        try:
            with out.open("rb") as file:
                start = file.read(len(MAGIC))
        except PermissionError as error:
            raise click.UsageError(f"OUT, {name_of(out)}, exists and cannot be read: choose another") from error
        if start not in (b"", MAGIC):
            raise click.UsageError(f"OUT, {name_of(out)}, exists and is no coded file: choose another")
