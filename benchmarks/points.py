"""Read the tables of ``fovea eval``."""

import csv
from pathlib import Path

Lines = list[dict[str, str]]


def read(path: Path) -> Lines:
    """Read the lines of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
