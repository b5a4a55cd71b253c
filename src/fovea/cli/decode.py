"""The verb ``fovea decode``."""

from pathlib import Path
from typing import IO

import click

from fovea.bitstream import ContainerReader, read_header
from fovea.cli.batch import Tally, convert_all, share
from fovea.cli.files import PIPE, as_target, name_of, plan
from fovea.cli.options import FilePath, codec_options, max_pixels_option
from fovea.cli.slow_coder import SlowCoderNote
from fovea.cli.streams import tell
from fovea.codec import Codec
from fovea.picture import FORMATS, Picture, as_shown, enlarged_map, orientation_in, save_picture

Region = tuple[int, int, int, int]


def _region(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Region | None:
    if value is None:
        return None
    try:
        left, top, width, height = map(int, value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not of the form L,T,W,H, four integers") from error
    return left, top, width, height


@click.command()
@click.argument("source", metavar="IN", type=FilePath())
@click.argument("target", metavar="OUT", type=FilePath(readable=False))
@click.option(
    "--region", metavar="L,T,W,H", callback=_region, help="Decode only this region: left, top, width, height in pixels."
)
@click.option(
    "--native", is_flag=True, help="Keep the size at which the picture is coded, even if it is smaller than its own."
)
@click.option(
    "--map", "as_map", is_flag=True, help="Write the map of objects that the file contains, instead of the picture."
)
@click.option(
    "--format",
    "suffix",
    type=click.Choice(list(FORMATS)),
    help="Format of OUT.  [default: the suffix of OUT; png for folders and pipes]",
)
@click.option(
    "--no-metadata", is_flag=True, help="Drop EXIF, ICC and XMP; the picture is turned upright and converted to sRGB."
)
@max_pixels_option
@click.option("--overwrite", is_flag=True, help="Replace files that exist in the folder OUT.")
@codec_options
@click.pass_context
def decode(
    context: click.Context,
    source: str,
    target: str,
    region: Region | None,
    native: bool,
    as_map: bool,
    suffix: str | None,
    no_metadata: bool,
    max_pixels: int,
    overwrite: bool,
    engine: str,
    precision: str,
    jobs: int,
    quiet: bool,
) -> None:
    """Decode .fov files to images.

    IN is a .fov file, a folder of .fov files, or - for the standard input. OUT is an image, a folder, or - for the
    standard output.
    """
    if as_map and (region or native):
        raise click.UsageError("--map shows the whole picture at its own size: leave out --region and --native")
    work = plan(source, target, {".fov"}, f".{suffix or 'png'}")
    named = work.tasks[0].target
    form = FORMATS[suffix or _suffix_of(named)]
    if named.suffix.lower() == ".fov":  # the shell expands "decode *.fov" to IN and OUT if there are two files
        raise click.UsageError(
            f"OUT, {name_of(named)}, has the name of a coded file: choose one of {', '.join(FORMATS)}"
        )
    # A file in a folder may be the original of what is decoded, or the work of another program.
    replace = overwrite or named == as_target(target)
    at_once, threads = share(jobs, len(work.tasks))
    codec = Codec(engine=engine, precision=precision, threads=threads, at_once=at_once)
    slow_coder = SlowCoderNote()

    def convert(path: Path, file: IO[bytes], out: IO[bytes]) -> Tally:
        header = read_header(file)
        slow_coder.count(region[2] * region[3] if region else header.width * header.height)
        if as_map:
            objects = codec.object_map(file, max_pixels=max_pixels)
            levels = enlarged_map(objects, header.width, header.height)
            if no_metadata:
                levels = as_shown(levels, orientation_in(ContainerReader(file).metadata()))
            picture = Picture.from_array(levels)
        else:
            picture = codec.decode_picture(file, region, max_pixels, native)
        if note := save_picture(picture.shown() if no_metadata else picture, out, form):
            tell(f"fovea: {name_of(path)}: {note}")
        return Tally(file.seek(0, 2), header.width * header.height, picture.width * picture.height)

    if not convert_all(work, convert, at_once, quiet, replace):
        context.exit(1)


def _suffix_of(target: Path) -> str:
    """Return the suffix of a file to write, or png for a pipe or a device."""
    if target == PIPE or (target.exists() and not target.is_file()):
        return "png"
    suffix = target.suffix.removeprefix(".").lower()
    if suffix not in FORMATS:
        raise click.UsageError(f"no image format for {target.name}: choose one of {', '.join(FORMATS)}")
    return suffix
