"""``fovea info``."""

import json
from typing import IO, Any

import click

from fovea.cli.failures import report
from fovea.cli.files import as_path, name_of, reading
from fovea.cli.options import debug_option, json_option


@click.command()
@click.argument("sources", metavar="IN...", nargs=-1, required=True, type=click.Path())
@json_option
@debug_option
@click.pass_context
def info(context: click.Context, sources: tuple[str, ...], as_json: bool) -> None:
    """Show what .fov files say.

    Reads headers and metadata, not the pictures. With --json one object a line for each file.
    """
    failed = False
    for source in map(as_path, sources):
        try:
            with reading(source) as file:
                facts = {"file": name_of(source)} | _facts(file)
        except Exception as error:
            report(error, name_of(source))
            failed = True
        else:
            click.echo(json.dumps(facts) if as_json else _text(facts))
    if failed:
        context.exit(1)


def _facts(file: IO[bytes]) -> dict[str, Any]:
    from fovea.bitstream import ContainerReader

    reader = ContainerReader(file)
    header, metadata = reader.header, reader.metadata()
    size = file.seek(0, 2)
    name = _installed(header.model_id)
    return {
        "bytes": size,
        "width": header.width,
        "height": header.height,
        "mode": header.mode,
        "quality": header.quality,
        "bpp": round(8 * size / (header.width * header.height), 4),
        "model": name,
        "model_id": header.model_id.hex(),
        "installed": name is not None,
        "tiles": header.grid.tiles,
        "tile_size": header.tile_size,
        "exif_bytes": len(metadata.exif),
        "icc_bytes": len(metadata.icc),
        "xmp_bytes": len(metadata.xmp),
    }


def _installed(model_id: bytes) -> str | None:
    from fovea.coding.registry import model_of_id
    from fovea.errors import ModelError

    try:
        return model_of_id(model_id).name
    except ModelError:
        return None


def _text(facts: dict[str, Any]) -> str:
    model = facts["model"] or "not installed"
    return "\n".join(
        (
            click.format_filename(facts["file"]),
            f"  picture   {facts['width']}x{facts['height']} {facts['mode']}",
            f"  size      {facts['bytes']:,} bytes, {facts['bpp']:.3f} bpp",
            f"  quality   {facts['quality']}",
            f"  model     {model} (id {facts['model_id']})",
            f"  tiles     {facts['tiles']}, of at most {facts['tile_size']} pixels a side",
            f"  metadata  EXIF {facts['exif_bytes']:,}, ICC {facts['icc_bytes']:,}, XMP {facts['xmp_bytes']:,} bytes",
        )
    )
