"""Join codecs that were measured later to the tables of an earlier evaluation.

Run ``python benchmarks/join.py RUN TABLES``. ``accuracy.sh`` makes whole tables from its cache. If the cache is gone,
it is enough to measure a few codecs and the anchor, because the lines of a codec do not depend on other codecs. Only
pairs of codecs that were measured in different runs have no line.
"""

import math
from collections.abc import Sequence, Set
from pathlib import Path

import click

from points import Lines, read
from tables import write_lines

ORIGINAL = "original"
PAIRS = "pairs.csv"
MEASURED = ("encode_mp_per_s", "decode_mp_per_s", "peak_memory_mib")
"""Columns whose figures differ from run to run."""
_TOLERANCE = 2e-4
PATH = click.Path(path_type=Path, exists=True, file_okay=False)


def joined_pairs(before: Lines, later: Lines, new: Set[str]) -> Lines:
    """Join two tables of pairs of codecs: lines of codecs that were measured later replace the earlier ones.

    Args:
        before: lines of one table.
        later: lines of a table with the same columns.
        new: codecs that were measured later.
    """
    lines = [line for line in before if not new & {line["codec"], line["against"]}]
    lines += [line for line in later if new & {line["codec"], line["against"]}]
    keys = list(dict.fromkeys(map(_metric, lines)))
    return sorted(lines, key=lambda line: keys.index(_metric(line)))


def joined(before: Lines, later: Lines, same: Sequence[str]) -> Lines:
    """Join two tables: lines of codecs that were measured later replace the earlier ones of the same codec.

    Args:
        before: lines of one table.
        later: lines of a table with the same columns.
        same: codecs that must have the same figures in both tables, as a sign that both were measured alike.

    Raises:
        click.ClickException: the columns differ, or a codec that must be the same is not.
    """
    if list(before[0]) != list(later[0]):
        raise click.ClickException("the tables have different columns: measure with the recognizers of the earlier one")
    for codec in same:
        if not _alike(*([_fixed(line) for line in table if line["codec"] == codec] for table in (before, later))):
            raise click.ClickException(f"{codec} has other figures than before: the two were not measured alike")
    new = list(dict.fromkeys(line["codec"] for line in later if line["codec"] not in same))
    lines: Lines = []
    for key in dict.fromkeys(map(_metric, before)):
        old, now = ([line for line in table if _metric(line) == key] for table in (before, later))
        names = list(dict.fromkeys([line["codec"] for line in old] + new))
        lines += [line for name in names for line in (now if name in new else old) if line["codec"] == name]
    return lines


def _metric(line: dict[str, str]) -> tuple[str | None, str | None]:
    return line.get("recognizer"), line.get("kind")


def _fixed(line: dict[str, str]) -> list[str]:
    return [cell for column, cell in line.items() if column not in MEASURED]


def _alike(earlier: list[list[str]], now: list[list[str]]) -> bool:
    """Return whether cells are the same, or are numbers that differ in their last digits only."""
    pairs = [pair for lines in zip(earlier, now, strict=False) for pair in zip(*lines, strict=True)]
    return len(earlier) == len(now) and all(one == other or _near(one, other) for one, other in pairs)


def _near(one: str, other: str) -> bool:
    try:
        return math.isclose(float(one), float(other), rel_tol=_TOLERANCE)
    except ValueError:
        return False


@click.command()
@click.argument("run", type=PATH)
@click.argument("tables", type=PATH)
@click.option("--codecs", help="Codecs that join.  [default: all that the run measured]")
def main(run: Path, tables: Path, codecs: str | None) -> None:
    """Join what a RUN of fovea eval measured to the TABLES of an earlier one with the same images and recognizers."""
    anchor = read(tables / "summary.csv")[0]["anchor"]
    wanted = {ORIGINAL, anchor, *codecs.split(",")} if codecs else None
    results = {}
    for name, same in (("points.csv", (ORIGINAL, anchor)), ("summary.csv", (anchor,))):
        before, later = read(tables / name), read(run / name)
        later = [line for line in later if wanted is None or line["codec"] in wanted]
        results[name] = joined(before, later, same)
    new = {line["codec"] for line in later} - {anchor}
    if (tables / PAIRS).exists():
        among = [line for line in read(run / PAIRS) if {line["codec"], line["against"]} <= new | {anchor}]
        results[PAIRS] = joined_pairs(read(tables / PAIRS), among, new)
    for name, lines in results.items():
        write_lines(tables / name, lines)


if __name__ == "__main__":
    main()
