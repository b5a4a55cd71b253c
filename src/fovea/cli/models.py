"""``fovea models``."""

import json
from pathlib import Path
from typing import Any

import click

from fovea.cli.failures import report
from fovea.cli.options import debug_option, json_option
from fovea.cli.streams import print_result


@click.command()
@json_option
@debug_option
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List models and engines.

    And which entropy coder is in use: the compiled one, or the slow one in Python.
    """
    from fovea.coding.registry import model_files
    from fovea.engine import engine_names
    from fovea.entropy import IMPLEMENTATION

    found: list[dict[str, Any]] = []
    for path in model_files():
        try:
            found.append(_facts(path))
        except Exception as error:
            report(error)
    engines = engine_names()
    if as_json:
        print_result(json.dumps({"models": found, "engines": engines, "entropy": IMPLEMENTATION}))
    else:
        for facts in found:
            print_result(_text(facts))
        print_result(f"engines: {', '.join(engines) or 'none'}\nentropy coder: {IMPLEMENTATION}")
    if len(found) < len(model_files()):
        context.exit(1)


def _facts(path: Path) -> dict[str, Any]:
    from fovea.coding.registry import load_file

    model = load_file(path)
    size = path.stat().st_size
    return {"name": path.stem, "id": model.id.hex(), "path": str(path), "bytes": size, "card": dict(model.card)}


def _text(facts: dict[str, Any]) -> str:
    plain = {name: value for name, value in facts["card"].items() if not isinstance(value, dict | list)}
    lines = [("id", facts["id"]), ("file", facts["path"]), ("size", f"{facts['bytes']:,} bytes"), *plain.items()]
    return "\n".join([facts["name"], *(f"  {name.replace('_', ' '):20}{value}" for name, value in lines)])
