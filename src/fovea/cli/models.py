"""The verb ``fovea models``."""

import json
from dataclasses import asdict
from typing import Any

import click

from fovea.cli.failures import report
from fovea.cli.options import Name, debug_option, json_option
from fovea.cli.streams import print_result
from fovea.coding import Model
from fovea.engine import engine_names
from fovea.entropy import IMPLEMENTATION
from fovea.errors import ModelError
from fovea.store import ModelInfo, list_models, load_model, unreadable_files

_REGIONS = {
    "none": "no region of interest",
    "found": "finds objects in each tile; a map can be given instead",
    "searched": "finds objects on the whole picture; a map can be given instead",
    "given": "takes a map of the region of interest",
}


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1, type=Name())
@json_option
@debug_option
@click.pass_context
def models(context: click.Context, names: tuple[str, ...], as_json: bool) -> None:
    """List models and engines.

    Prints for each model what it is for, its bitrates and its cost, and for a NAME also its card, which tells how it
    was made. The last line says which entropy coder is in use: the compiled one, or the slow one in Python.
    """
    found = list_models()
    if unknown := [name for name in names if name not in {info.name for info in found}]:
        raise ModelError(f"unknown model {unknown[0]!r}; there are: {', '.join(info.name for info in found)}")
    shown = [info for info in found if not names or info.name in names]
    opened = {info.name: load_model(info.path) for info in shown if info.path and (as_json or names)}
    engines = engine_names()
    if as_json:
        facts = [_facts(info) | _details(opened.get(info.name)) for info in shown]
        print_result(json.dumps({"models": facts, "engines": engines, "entropy": IMPLEMENTATION}))
    else:
        for info in shown:
            print_result(_text(info, opened.get(info.name)))
        print_result(f"engines: {', '.join(engines) or 'none'}\nentropy coder: {IMPLEMENTATION}")
    if unreadable := unreadable_files():
        for error in unreadable:
            report(error)
        context.exit(1)


def _facts(info: ModelInfo) -> dict[str, Any]:
    return asdict(info) | {"path": info.path and str(info.path), "installed": info.path is not None}


def _details(model: Model | None) -> dict[str, Any]:
    """Return what only the file of a model tells."""
    return {"card": dict(model.card) if model else {}, "encoders": dict(model.encoders) if model else {}}


def _text(info: ModelInfo, model: Model | None) -> str:
    lines = [("for", info.purpose)] if info.purpose else []
    lines += [("region", _REGIONS[info.region]), ("id", info.id)]
    if rates := info.bits_per_pixel:
        points = ", ".join(f"{bits:.3f} at quality {quality}" for quality, bits in rates.items())
        lines.append(("bits per pixel", points))
    if cost := info.kmac_per_pixel:
        lines.append(("kMAC per pixel", f"encode {cost['encode']:.2f}, decode {cost['decode']:.2f}"))
    if info.patches:
        lines.append(("training", f"{info.patches:,} patches in all"))
    lines.append(("file", f"{info.path or 'not installed'}, {info.size:,} bytes"))
    if model and model.encoders:
        lines.append(("encoders", ", ".join(f"{name} ({_REGIONS[region]})" for name, region in model.encoders.items())))
    if model and model.card:
        lines.append(("card", json.dumps(dict(model.card))))
    return "\n".join([info.name, *(f"  {name:16}{value}" for name, value in lines)])
