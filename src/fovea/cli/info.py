"""The verb ``fovea info``."""

import json
from typing import Any

import click

from fovea.cli.failures import report
from fovea.cli.files import PIPE, as_path, name_of, reading
from fovea.cli.options import FilePath, debug_option, json_option
from fovea.cli.streams import print_result
from fovea.store import coded_facts


@click.command()
@click.argument("sources", metavar="IN...", nargs=-1, required=True, type=FilePath())
@json_option
@debug_option
@click.pass_context
def info(context: click.Context, sources: tuple[str, ...], as_json: bool) -> None:
    """Show the properties of .fov files.

    Only headers and metadata are read, and no picture is decoded. With --json, each file gives one line with an object.
    """
    failed = False
    for source in map(as_path, sources):
        name = name_of(PIPE) if source == PIPE else str(source)
        try:
            with reading(source) as file:
                facts = coded_facts(file)
        except Exception as error:
            report(error, name)
            failed = True
        else:
            print_result(json.dumps({"file": name} | facts) if as_json else _text(name_of(source), facts))
    if failed:
        context.exit(1)


def _text(name: str, facts: dict[str, Any]) -> str:
    model = facts["model"] or "unknown"
    if not facts["installed"]:
        model += ", not installed"
    background = f", background {facts['background']}" if facts["background"] else ""
    return "\n".join(
        (
            name,
            f"  picture   {facts['width']}x{facts['height']} {facts['mode']}",
            f"  size      {facts['bytes']:,} bytes, {facts['bpp']:.3f} bpp",
            f"  quality   {facts['quality']}{background}, coded at {facts['coded_width']}x{facts['coded_height']}",
            f"  model     {model} (id {facts['model_id']})",
            f"  tiles     {facts['tiles']}, of at most {facts['tile_size']} pixels a side",
            f"  metadata  EXIF {facts['exif_bytes']:,}, ICC {facts['icc_bytes']:,}, XMP {facts['xmp_bytes']:,} bytes",
        )
    )
