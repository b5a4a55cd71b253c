"""Results as files and as text."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from fovea.atomic import writing
from machine import machine_columns

Row = Mapping[str, object]
"""Column to value. All rows of a table have the same columns; None is an empty cell."""


def stamped(rows: Sequence[Row]) -> list[Row]:
    """Rows, each followed by what machine and commit it comes from."""
    return [{**row, **machine_columns()} for row in rows]


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Writes rows, stamped; the folder of the file is made where it is missing. There must be one row at least."""
    write_lines(path, stamped(rows))


def write_lines(path: Path, lines: Sequence[Row]) -> None:
    """Writes rows as they are."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    write_text(path, text.getvalue())


def write_text(path: Path, text: str) -> None:
    """Writes a text file; its folder is made where it is missing."""
    with writing(path) as file:
        file.write(text.encode())


def markdown(rows: Sequence[Row]) -> str:
    """Rows as a Markdown table, aligned for a terminal too: words to the left, numbers to the right.

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
