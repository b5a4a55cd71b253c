"""Measure the cost and the rate of networks of several sizes.

Run ``python benchmarks/frontier.py benchmarks/networks/frontier.yaml``. It trains all networks with one configuration,
one seed and the same number of patches. It compares each with the first at equal PSNR, by the estimated bits of
held-out patches, and counts the multiplications of the encoder and of the decoder.
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
from fovea.networks import CodecNetwork, NetworkConfig, decoding, encoding, multiply_accumulates
from fovea.training import VALIDATION_QUALITIES, WEIGHTS, StrictConfig, read_yaml, train
from images import RESULTS
from points import read
from tables import Row, markdown, stamped, write_lines


class Frontier(StrictConfig):
    """Networks that are trained with one configuration.

    Attributes:
        config: configuration of all runs, except for the network.
        common: changes of it; ``data.patch.size`` names a nested key.
        patches: number of patches that each network is trained on.
        base: fields of ``NetworkConfig`` that the networks share.
        networks: other fields of each network. The others are compared with the first.
    """

    config: Path
    common: Changes = Field(default_factory=dict)
    patches: Annotated[int, Field(ge=1)]
    base: Mapping[str, Any] = Field(default_factory=dict)
    networks: Annotated[Mapping[str, Mapping[str, Any]], Field(min_length=1)]


def validated(folder: Path) -> dict[str, float]:
    """Return the values of the last validation of a run."""
    last: dict[str, float] = {}
    for path in sorted(folder.glob("csv-*/metrics.csv")):
        with path.open(newline="") as file:
            for line in csv.DictReader(file):
                if line.get("validation/loss"):
                    last = {name: float(value) for name, value in line.items() if name.startswith("validation/")}
    return last


def rates(measured: Mapping[str, float]) -> Curve:
    """Return the curve of PSNR over bits per pixel."""
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
    """Return the row of a network: its cost, and its rate against the first network."""
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
@click.option("--patches", type=click.IntRange(1), help="Patches per network.  [default: as in the study]")
@click.option(
    "--networks", multiple=True, help="Network to train; may be repeated. The first is always trained.  [default: all]"
)
@click.option("--work", type=PATH, default=Path("runs/frontier"), show_default=True, help="Folder for the runs.")
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the table.")
def main(study_file: Path, patches: int | None, networks: Sequence[str], work: Path, out: Path) -> None:
    """Train the networks of a STUDY, a YAML file, and compare them. Complete trainings are not repeated."""
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
