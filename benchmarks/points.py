"""Read the tables of ``fovea eval`` as curves of accuracy over rate, without intervals."""

import csv
from pathlib import Path

import numpy as np

from fovea.evaluation import Curve, Metric, MetricKind

KINDS: tuple[MetricKind, ...] = ("box", "mask")
Lines = list[dict[str, str]]


def read(path: Path) -> Lines:
    """Read the lines of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def metrics(points: Lines) -> dict[Metric, str]:
    """Return the columns of AP, by metric."""
    return {
        Metric(column.removesuffix(f"_{kind}_ap"), kind): column
        for column in points[0]
        for kind in KINDS
        if column.endswith(f"_{kind}_ap")
    }


def curve(points: Lines, codec: str, column: str) -> Curve:
    """Return the AP of a codec, 0 to 1, over its rate."""
    of_codec = [line for line in points if line["codec"] == codec]
    rates, scores = (np.array([float(line[name]) for line in of_codec]) for name in ("bpp", column))
    return Curve(rates, scores / 100, rates[None], scores[None] / 100)
