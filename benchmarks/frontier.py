"""What a network costs and what it loses: ``python benchmarks/frontier.py benchmarks/networks/frontier.yaml``.

Trains networks of several sizes alike: one configuration, one seed, as many patches each. Each is compared with the
first at equal PSNR, by estimated bits of held-out patches, and all that it multiplies is counted, in the encoder and in
the decoder.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import click
import numpy as np
from pydantic import Field

from ablation import PATH, Changes, changed
from fovea.evaluation import Curve, bd_rate
from fovea.networks import CodecNetwork, NetworkConfig
from fovea.networks.complexity import decoding, encoding, multiply_accumulates
from fovea.training.module import VALIDATION_QUALITIES
from fovea.training.run import WEIGHTS, train
from fovea.training.strict import Strict, read_yaml
from images import RESULTS
from points import read
from tables import Row, markdown, stamped, write_lines


class Frontier(Strict):
    """Networks that are trained alike.

    Attributes:
        config: of all runs, but for the network.
        common: changes of it; ``data.size`` names a field of a field.
        patches: that each is trained on.
        base: fields of ``NetworkConfig`` that the networks share.
        networks: their other fields. The first is what the others are compared with.
    """

    config: Path
    common: Changes = Field(default_factory=dict)
    patches: Annotated[int, Field(ge=1)]
    base: Mapping[str, Any] = Field(default_factory=dict)
    networks: Annotated[Mapping[str, Mapping[str, Any]], Field(min_length=1)]


def validated(folder: Path) -> dict[str, float]:
    """What the last validation of a run says."""
    last: dict[str, float] = {}
    for path in sorted(folder.glob("csv-*/metrics.csv")):
        with path.open(newline="") as file:
            for line in csv.DictReader(file):
                if line.get("validation/loss"):
                    last = {name: float(value) for name, value in line.items() if name.startswith("validation/")}
    return last


def rates(measured: Mapping[str, float]) -> Curve:
    """PSNR over bits per pixel."""
    points = [[measured[f"validation/q{q}/{name}"] for name in ("bpp", "psnr")] for q in VALIDATION_QUALITIES]
    bits, levels = np.array(points).T
    return Curve(bits, levels, bits[None], levels[None])


def row(
    name: str,
    fields: Mapping[str, Any],
    network: NetworkConfig,
    patches: int,
    measured: Mapping[str, float],
    anchor: Curve,
) -> Row:
    """What a network costs and what it loses."""
    counts = multiply_accumulates(network)
    return {
        "network": name,
        "fields": " ".join(f"{field}={value}" for field, value in fields.items()),
        "encode_kmac": round(sum(encoding(counts).values()) / 1000, 2),
        "decode_kmac": round(sum(decoding(counts).values()) / 1000, 2),
        "parameters_m": round(sum(p.numel() for p in CodecNetwork(network).parameters()) / 1e6, 2),
        "patches": patches,
        "loss": round(measured["validation/loss"], 4),
        "rate_percent": round(bd_rate(anchor, rates(measured)).value, 2),
    }


@click.command()
@click.argument("study_file", metavar="STUDY", type=PATH)
@click.option("--patches", type=click.IntRange(1), help="That each is trained on.  [default: as the study says]")
@click.option("--networks", multiple=True, help="May be repeated; the first is always trained.  [default: all]")
@click.option("--work", type=PATH, default=Path("runs/frontier"), show_default=True, help="Folder for the runs.")
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the table.")
def main(study_file: Path, patches: int | None, networks: Sequence[str], work: Path, out: Path) -> None:
    """Train the networks of a STUDY, a YAML file, and compare them. What is done is not done again."""
    study = read_yaml(study_file, Frontier)
    if unknown := set(networks) - set(study.networks):
        raise click.BadParameter(f"{study_file} has no network {', '.join(sorted(unknown))}")
    patches = patches or study.patches
    folder, table = work / f"{study_file.stem}-{patches}", out / f"{study_file.stem}.csv"
    first = next(iter(study.networks))
    lines = read(table) if table.exists() else []
    done: dict[str, Row] = {line["network"]: line for line in lines if line["patches"] == str(patches)}
    anchor: Curve | None = None
    for name, fields in study.networks.items():
        if networks and name not in (first, *networks):
            continue
        config = changed(study.config, name, patches, {**study.common, "architecture": {**study.base, **fields}})
        if not (folder / name / WEIGHTS).exists():
            train(config, folder / name, resume=True)
        measured = validated(folder / name)
        anchor = anchor or rates(measured)
        if name not in done:
            (done[name],) = stamped([row(name, fields, config.architecture, patches, measured, anchor)])
        write_lines(table, [done[name] for name in study.networks if name in done])
    shown = ("network", "encode_kmac", "decode_kmac", "loss", "rate_percent")
    click.echo(markdown([{column: line[column] for column in shown} for line in done.values()]))


if __name__ == "__main__":
    main()
