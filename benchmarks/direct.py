"""Compare a codec directly with every other codec of a table: ``python benchmarks/direct.py TABLES CODEC``.

The BD-rates of ``summary.csv`` are all against one anchor, each over the range of accuracy that the two curves share.
Two codecs that are both far from the anchor are compared more fairly over the range that they share with each other.
"""

import math
import statistics
from pathlib import Path

import click

from fovea.evaluation import bd_rate
from points import curve, metrics, read
from tables import Row, markdown, write_csv

PATH = click.Path(path_type=Path, exists=True, file_okay=False)


def compared(points: Path, codec: str) -> list[Row]:
    """Return the BD-rates of a codec: a row for each other codec, with a column for each metric and their mean.

    Args:
        points: path of a ``points.csv`` that ``fovea eval`` wrote.
        codec: name of a codec in the table.

    Raises:
        click.ClickException: the table lacks the codec.
    """
    lines = read(points)
    if codec not in (line["codec"] for line in lines):
        raise click.ClickException(f"{points}: the table has no codec {codec}")
    others = dict.fromkeys(line["codec"] for line in lines if line["version"] and line["codec"] != codec)
    rows: list[Row] = []
    for other in others:
        rates = {
            f"{metric.recognizer} {metric.kind}": bd_rate(curve(lines, other, column), curve(lines, codec, column))
            for metric, column in metrics(lines).items()
        }
        known = {name: rate.value for name, rate in rates.items() if not math.isnan(rate.value)}
        cells = {name: round(known[name], 1) if name in known else None for name in rates}
        rows.append({"against": other, **cells, "mean": round(statistics.mean(known.values()), 1) if known else None})
    return rows


@click.command()
@click.argument("tables", type=PATH)
@click.argument("codec")
def main(tables: Path, codec: str) -> None:
    """Write direct.csv: how many percent more bits CODEC needs at equal accuracy than each other codec of TABLES."""
    rows = compared(tables / "points.csv", codec)
    click.echo(markdown(rows))
    write_csv(tables / "direct.csv", [{"codec": codec, **row} for row in rows])


if __name__ == "__main__":
    main()
