"""Tables of ``fovea eval``, read back: accuracy over rate, without what bands and intervals need."""

import csv
from pathlib import Path

import numpy as np

from fovea.evaluation.curves import Curve
from fovea.evaluation.judge import Kind
from fovea.evaluation.point import Question

KINDS: tuple[Kind, ...] = ("box", "mask")
Lines = list[dict[str, str]]


def read(path: Path) -> Lines:
    """Lines of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def questions(points: Lines) -> dict[Question, str]:
    """Columns of AP, by what was asked."""
    return {
        Question(column.removesuffix(f"_{kind}_ap"), kind): column
        for column in points[0]
        for kind in KINDS
        if column.endswith(f"_{kind}_ap")
    }


def curve(points: Lines, codec: str, column: str) -> Curve:
    """AP of a codec, 0..1, over its rate."""
    of_codec = [line for line in points if line["codec"] == codec]
    rates, scores = (np.array([float(line[name]) for line in of_codec]) for name in ("bpp", column))
    return Curve(rates, scores / 100, rates[None], scores[None] / 100)
