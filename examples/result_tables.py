"""Write the tables of results in the documentation from the tables of ``fovea eval`` in ``benchmarks/results``.

``python examples/result_tables.py`` writes them anew. A table of a page begins behind a comment with its name, such as
``<!-- table: coco-keeping -->``, and ends at the next empty line.
"""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "accuracy"
PAGES = (ROOT / "README.md", ROOT / "docs" / "index.md", ROOT / "docs" / "results.md")

MARK = re.compile(r"<!-- table: (?P<name>[\w-]+) -->\n\n(?P<table>(?:\|.*\n)*)")
"""A comment with the name of a table, and the table behind it."""

Choice = dict[str, str]
"""What a row or a column of a page takes from the lines of an evaluation: values that some of their columns must have,
and under ``figure`` the column with the figure that is shown."""
KEEPING: dict[str, Choice] = {
    f"{share} % kept": {"figure": f"bits_ratio_keeping_{share}"} for share in (98, 95, 90, 80)
}
BD_RATES: dict[str, Choice] = {
    "BD-rate above 80 % kept": {"figure": "bd_rate_above_80_percent"},
    "BD-rate over all": {"figure": "bd_rate_percent"},
}


@dataclass(frozen=True)
class Table:
    """A table of a page, made from one table of an evaluation.

    Attributes:
        lines: path of the CSV file below ``RESULTS``.
        corner: what stands above the names of the rows.
        rows: names and choices of the rows.
        columns: likewise of the columns.
        all: choice of all cells.
    """

    lines: str
    corner: str
    rows: Mapping[str, Choice]
    columns: Mapping[str, Choice]
    all: Choice

    def markdown(self) -> str:
        """Return the table as Markdown.

        Raises:
            ValueError: the evaluation has no line for a cell.
        """
        rows = [[self.corner, *self.columns], ["---"] * (1 + len(self.columns))]
        for name, row in self.rows.items():
            rows.append([name, *(self._cell(self.all | row | column) for column in self.columns.values())])
        return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)

    def _cell(self, choice: Choice) -> str:
        figure = choice.pop("figure")
        if choice.get("codec") == choice.get("against"):
            return ""
        for line in _lines(self.lines):
            if all(line[column] == value for column, value in choice.items()):
                return shown(line, figure)
        raise ValueError(f"{self.lines} has no line with {choice}")


@cache
def _lines(name: str) -> list[dict[str, str]]:
    with (RESULTS / name).open(newline="") as file:
        return list(csv.DictReader(file))


def shown(line: Mapping[str, str], figure: str) -> str:
    """Return a figure of a line with its interval, as far as there is one.

    Example:
        >>> shown({"bits_ratio": "0.61", "bits_ratio_low": "0.5", "bits_ratio_high": "1.02"}, "bits_ratio")
        '−39 [−50, +2]'
    """
    if not line[figure]:
        return "–"
    written = next(write for start, write in _WRITTEN.items() if figure.startswith(start))
    ends = [line[figure + end] for end in ("_low", "_high")]
    interval = f" [{', '.join(written(float(end)) if end else '?' for end in ends)}]" if any(ends) else ""
    some = re.fullmatch(r"(\d+ of \d+) recognizers", line.get(f"{figure}_note", ""))
    return written(float(line[figure])) + interval + (f" ({some[1]})" if some else "")


def _percent_more(percent: float) -> str:
    return f"{percent:+.0f}".replace("-", "−") if round(percent) else "0"


_WRITTEN: Mapping[str, Callable[[float], str]] = {
    "bd_rate": _percent_more,
    "bits_ratio": lambda ratio: _percent_more(100 * (ratio - 1)),
    "bpp": lambda rate: f"{rate:.2f}",
    "percent_kept": lambda percent: f"{percent:.0f}",
}
"""How figures are written, by the begin of their names. Of ratios and BD-rates that is the percentage of bits more."""

CONVENTIONAL = {"VVC (fast)": "vvc:fast", "HEVC (medium)": "hevc:medium", "JPEG": "jpeg"}
_MEAN = {"recognizer": "mean", "kind": "box"}
_SIZES: dict[str, Choice] = {
    "at full size": {"codec": "fovea-s@1"},
    "at the size that it chooses": {"codec": "fovea-s"},
    "at its best size": {"codec": "fovea-s@best"},
}
_AGAINST_BEST: dict[str, Choice] = {
    f"against {name} at its best size": {"against": f"{codec}@best"} for name, codec in CONVENTIONAL.items()
}


def _sizes(name: str) -> Table:
    """Return the table of the sizes of ``fovea-s``, for a set of large pictures."""
    rows = _AGAINST_BEST | {"against `fovea-s` at full size": {"against": "fovea-s@1"}}
    return Table(f"{name}/pairs.csv", "`fovea-s`", rows, _SIZES, _MEAN | {"figure": "bd_rate_percent"})


TABLES = {
    "views": _sizes("views"),
    "drone": _sizes("drone"),
    "coco-sizes": Table(
        "coco_sizes/pairs.csv",
        "`fovea-s`",
        _AGAINST_BEST | {"against `fovea-s` at its best size": {"against": "fovea-s@best"}},
        {"80 % kept": KEEPING["80 % kept"]} | BD_RATES,
        _MEAN | {"codec": "fovea-s"},
    ),
}
"""The tables by the names that stand in the pages."""


def written(page: str) -> str:
    """Return a page with the tables of today.

    Raises:
        KeyError: the page names a table that is not among ``TABLES``.
    """
    return MARK.sub(lambda mark: f"<!-- table: {mark['name']} -->\n\n{TABLES[mark['name']].markdown()}", page)


def main() -> None:
    """Write the tables of all pages."""
    for page in PAGES:
        page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
