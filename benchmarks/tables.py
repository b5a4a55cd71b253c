"""Write tables of results as CSV and as Markdown."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from fovea.atomic import writing
from machine import machine_columns

Row = Mapping[str, object]
"""The value of each column. All rows of a table have the same columns. None becomes an empty cell."""


def stamped(rows: Sequence[Row]) -> list[Row]:
    """Return rows with additional columns for the machine, the versions, the commit and the date."""
    return [{**row, **machine_columns()} for row in rows]


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV, with the columns of :func:`stamped`. There must be at least one row."""
    write_lines(path, stamped(rows))


def write_lines(path: Path, lines: Sequence[Row]) -> None:
    """Write rows as CSV, without further columns. There must be at least one row."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    write_text(path, text.getvalue())


def write_text(path: Path, text: str) -> None:
    """Write a text file, and make its folder if it does not exist."""
    with writing(path) as file:
        file.write(text.encode())


def markdown(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table that is also aligned as plain text: words to the left, numbers to the right.

    Example:
        >>> print(markdown([{"codec": "jpeg", "bpp": 0.5}, {"codec": "fovea-s", "bpp": None}]))
        | codec   | bpp |
        | :------ | --: |
        | jpeg    | 0.5 |
        | fovea-s |     |
    """
    lines = [list(rows[0]), *(["" if cell is None else str(cell) for cell in row.values()] for row in rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    words = [any(isinstance(row[name], str) for row in rows) for name in rows[0]]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if word else cell.rjust(width)
            for cell, width, word in zip(cells, widths, words, strict=True)
        )
        return f"| {' | '.join(padded)} |"

    rule = [
        ":" + "-" * (width - 1) if word else "-" * (width - 1) + ":" for width, word in zip(widths, words, strict=True)
    ]
    return "\n".join([line(lines[0]), line(rule), *map(line, lines[1:])])
