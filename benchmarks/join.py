"""Codecs measured later join the tables of an earlier evaluation: ``python benchmarks/join.py RUN TABLES``.

``accuracy.sh`` makes whole tables, from its cache. Where that is gone, measuring a few codecs and the anchor anew is
enough: nothing in the tables depends on other codecs. The curves are drawn again, without bands, which tables lack.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from fovea.atomic import writing
from fovea.evaluation.contender import Contender
from fovea.evaluation.curves import Whole
from fovea.evaluation.evaluate import Evaluation
from fovea.evaluation.figures import figure, to_bytes
from fovea.evaluation.gallery import Gallery
from points import Lines, curve, questions, read
from tables import write_lines

ORIGINAL = "original"
MEASURED = ("encode_mp_per_s", "decode_mp_per_s", "peak_memory_mib")
"""Columns that differ from run to run."""
_TOLERANCE = 2e-4
PATH = click.Path(path_type=Path, exists=True, file_okay=False)


def joined(before: Lines, later: Lines, same: Sequence[str]) -> Lines:
    """Lines of both, those of codecs measured later instead of the earlier ones, by recognizer where there are any.

    Args:
        before: of one table.
        later: of a table with the same columns.
        same: codecs that must have the same figures in both, as they were measured on the same.

    Raises:
        click.ClickException: they have other columns, or a codec that must be the same is not.
    """
    if list(before[0]) != list(later[0]):
        raise click.ClickException("the tables have different columns: measure with the recognizers of the earlier one")
    for codec in same:
        if not _alike(*([_fixed(line) for line in table if line["codec"] == codec] for table in (before, later))):
            raise click.ClickException(f"{codec} has other figures than before: the two were not measured alike")
    new = list(dict.fromkeys(line["codec"] for line in later if line["codec"] not in same))
    lines: Lines = []
    for key in dict.fromkeys(map(_question, before)):
        old, now = ([line for line in table if _question(line) == key] for table in (before, later))
        names = list(dict.fromkeys([line["codec"] for line in old] + new))
        lines += [line for name in names for line in (now if name in new else old) if line["codec"] == name]
    return lines


def _question(line: dict[str, str]) -> tuple[str | None, str | None]:
    return line.get("recognizer"), line.get("kind")


def _fixed(line: dict[str, str]) -> list[str]:
    return [cell for column, cell in line.items() if column not in MEASURED]


def _alike(earlier: list[list[str]], now: list[list[str]]) -> bool:
    """Whether cells are the same, or numbers that differ in their last digits only."""
    pairs = [pair for lines in zip(earlier, now, strict=False) for pair in zip(*lines, strict=True)]
    return len(earlier) == len(now) and all(one == other or _near(one, other) for one, other in pairs)


def _near(one: str, other: str) -> bool:
    try:
        return math.isclose(float(one), float(other), rel_tol=_TOLERANCE)
    except ValueError:
        return False


def drawn(points: Lines, anchor: str) -> bytes:
    """Curves of a table of points, those of boxes and of masks, as PNG."""
    columns = questions(points)
    codecs = {line["codec"]: line["version"] for line in points if line["codec"] != ORIGINAL}
    (original,) = (line for line in points if line["codec"] == ORIGINAL)

    scores = {question: float(original[column]) / 100 for question, column in columns.items()}
    evaluation = Evaluation(
        dataset=original["dataset"],
        images=int(original["images"]),
        reference=original["reference"],  # type: ignore[arg-type]
        classes={},
        contenders=tuple(Contender(name, name, version, ()) for name, version in codecs.items()),
        skipped={},
        anchor=anchor,
        points=(),
        originals={},
        wholes={question: Whole(score, np.array([score])) for question, score in scores.items()},
        curves={asked: {name: curve(points, name, column) for name in codecs} for asked, column in columns.items()},
        gallery=Gallery("", ()),
    )
    return to_bytes(figure(evaluation, list(columns), legend=True), "png")


@click.command()
@click.argument("run", type=PATH)
@click.argument("tables", type=PATH)
@click.option("--codecs", help="That join.  [default: all that the run measured]")
def main(run: Path, tables: Path, codecs: str | None) -> None:
    """Join what a RUN of fovea eval measured to the TABLES of an earlier one with the same images and recognizers."""
    anchor = read(tables / "summary.csv")[0]["anchor"]
    wanted = {ORIGINAL, anchor, *codecs.split(",")} if codecs else None
    results = {}
    for name, same in (("points.csv", (ORIGINAL, anchor)), ("summary.csv", (anchor,))):
        before, later = read(tables / name), read(run / name)
        later = [line for line in later if wanted is None or line["codec"] in wanted]
        results[name] = joined(before, later, same)
    for name, lines in results.items():
        write_lines(tables / name, lines)
    with writing(tables / "curves.png") as file:
        file.write(drawn(results["points.csv"], anchor))


if __name__ == "__main__":
    main()
