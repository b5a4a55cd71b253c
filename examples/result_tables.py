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
PAGES = (
    ROOT / "README.md",
    *(ROOT / "docs" / name for name in ("index.md", "results.md", "models/index.md", "models/fovea-s2.md")),
)

MARK = re.compile(r"<!-- table: (?P<name>[\w-]+) -->\n\n(?P<table>(?:\|.*\n)*)")
"""A comment with the name of a table, and the table behind it."""

Choice = dict[str, str]
"""What a row or a column of a page takes from the lines of an evaluation: values that some of their columns must have,
under ``figure`` the column with the figure that is shown, and under ``lines`` the CSV file below ``RESULTS``."""
KEEPING: dict[str, Choice] = {
    f"{share} % kept": {"figure": f"bits_ratio_keeping_{share}"} for share in (98, 95, 90, 80)
}
BD_RATES: dict[str, Choice] = {
    "BD-rate above 80 % kept": {"figure": "bd_rate_above_80_percent"},
    "BD-rate over all": {"figure": "bd_rate_percent"},
}


@dataclass(frozen=True)
class Table:
    """A table of a page, made from the tables of evaluations.

    Attributes:
        corner: what stands above the names of the rows.
        rows: names and choices of the rows.
        columns: likewise of the columns.
        all: choice of all cells.
    """

    corner: str
    rows: Mapping[str, Choice]
    columns: Mapping[str, Choice]
    all: Choice

    def markdown(self) -> str:
        """Return the table as Markdown.

        Raises:
            ValueError: an evaluation has no line for a cell.
        """
        rows = [[self.corner, *self.columns], ["---"] * (1 + len(self.columns))]
        for name, row in self.rows.items():
            rows.append([name, *(self._cell(self.all | row | column) for column in self.columns.values())])
        return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)

    def _cell(self, choice: Choice) -> str:
        figure, lines = choice.pop("figure"), choice.pop("lines")
        if choice.get("codec", "") == choice.get("against"):
            return ""
        for line in _lines(lines):
            if all(line[column] == value for column, value in choice.items()):
                return shown(line, figure)
        raise ValueError(f"{lines} has no line with {choice}")


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
    ends = [line.get(figure + end) for end in ("_low", "_high")]
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
    "per_second": lambda frames: f"{frames:.1f}",
}
"""How figures are written, by the begin of their names. Of ratios and BD-rates that is the percentage of bits more."""

CONVENTIONAL = {"VVC (fast)": "vvc:fast", "HEVC (medium)": "hevc:medium", "JPEG": "jpeg"}
MODELS = {f"`{name}`": name for name in ("fovea-s", "fovea-s-task", "fovea-s-object-mse", "fovea-s-mse")}
DETECTORS = {
    "YOLOX-Nano": "yolox_nano",
    "CenterNet": "centernet_mbv3_512",
    "YOLOv5n": "yolov5n",
    "YOLOv8n": "yolov8n",
    "YOLOv8n-seg": "yolov8n-seg",
}
_OTHERS = {"AVC (medium)": "avc:medium", "AVIF (speed 6)": "avif:6", "WebP (4)": "webp:4", "JPEG XL (7)": "jxl:7"}
_MEAN = {"recognizer": "mean", "kind": "box"}
_OVER_ALL = BD_RATES["BD-rate over all"]
_EACH: dict[str, Choice] = {name: {"recognizer": value} for name, value in DETECTORS.items()}
_COCO = {"lines": "coco/pairs.csv", "kind": "box"}
_AGAINST: dict[str, Choice] = {f"against {name}": {"against": codec} for name, codec in CONVENTIONAL.items()}
_SECOND = {"VVC (fast)": "vvc:fast", "`fovea-s`": "fovea-s"}
_AT_95_AND_80 = {name: KEEPING[name] for name in ("95 % kept", "80 % kept")} | BD_RATES


def _views_of(codec: str) -> Table:
    """Return the table of ``fovea-s`` against one codec, by the labels and by what is seen."""
    sets: dict[str, Choice] = {
        "by the labels, five detectors": {"lines": "coco/pairs.csv"},
        "by the labels, the three": {"lines": "coco_untaught/pairs.csv"},
        "by what is seen, five detectors": {"lines": "coco_seen/pairs.csv"},
    }
    chosen = _MEAN | {"codec": "fovea-s", "against": codec}
    return Table("Bits in percent", KEEPING | BD_RATES, sets, chosen)


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
    return Table("`fovea-s`", rows, _SIZES, _MEAN | _OVER_ALL | {"lines": f"{name}/pairs.csv"})


_FRAMES: dict[str, Choice] = {
    "nine photographs, coded at half their size": {"frames": "views", "coded_at": "1/2"},
    "nine photographs, at full size": {"frames": "views", "coded_at": "1"},
    "drones, at full size": {"frames": "drone", "coded_at": "1"},
}
_ENGINES: dict[str, Choice] = {
    "OpenVINO, bf16": {"engine": "openvino", "precision": "bf16"},
    "OpenVINO, fp32": {"engine": "openvino", "precision": "fp32"},
    "ONNX Runtime": {"engine": "onnxruntime"},
}

_LEAD = Table("`fovea-s`", _AGAINST, KEEPING, _COCO | _MEAN | {"codec": "fovea-s"})

TABLES = {
    "lead": _LEAD,
    "coco-vvc": _views_of("vvc:fast"),
    "coco-hevc": _views_of("hevc:medium"),
    "coco-detectors": Table("Detector", _EACH, _AT_95_AND_80, _COCO | {"codec": "fovea-s", "against": "vvc:fast"}),
    "coco-models": Table(
        "Detector",
        _EACH | {"mean": _MEAN},
        {name: {"codec": model} for name, model in MODELS.items()},
        _COCO | _OVER_ALL | {"against": "hevc:medium"},
    ),
    "coco-others": Table(
        "`fovea-s`",
        {
            f"against {name}": {"against": codec}
            for name, codec in (MODELS | CONVENTIONAL).items()
            if codec != "fovea-s"
        },
        _AT_95_AND_80,
        _COCO | _MEAN | {"codec": "fovea-s"},
    ),
    "coco-rates": Table(
        "Detector",
        _EACH,
        {name: {"codec": codec} for name, codec in ({"`fovea-s`": "fovea-s"} | CONVENTIONAL).items()},
        {"lines": "coco/summary.csv", "kind": "box", "figure": "bpp_keeping_95"},
    ),
    "coco-conventional": Table(
        "Codec",
        {name: {"lines": "coco/summary.csv", "codec": CONVENTIONAL[name]} for name in ("VVC (fast)", "JPEG")}
        | {name: {"lines": "coco/others.csv", "codec": codec} for name, codec in _OTHERS.items()},
        _EACH,
        _OVER_ALL | {"kind": "box"},
    ),
    "models": Table(
        "Model",
        {name: {"codec": codec} for name, codec in MODELS.items()},
        {"80 % kept": KEEPING["80 % kept"]} | BD_RATES,
        _COCO | _MEAN | {"against": "hevc:medium"},
    ),
    "second": Table(
        "Bits against",
        KEEPING | BD_RATES,
        {
            f"{name}, {detectors}": {"against": codec, "lines": f"{lines}/pairs.csv"}
            for name, codec in _SECOND.items()
            for detectors, lines in {"five detectors": "coco_s2", "the three": "coco_s2_untaught"}.items()
        },
        _MEAN | {"codec": "fovea-s2"},
    ),
    "second-indoor": Table(
        "`fovea-s2`",
        {f"against {name}": {"against": codec} for name, codec in (_SECOND | {"HEVC (medium)": "hevc:medium"}).items()},
        {"90 % kept": KEEPING["90 % kept"]} | BD_RATES,
        _MEAN | {"codec": "fovea-s2", "lines": "indoor_s2/pairs.csv"},
    ),
    "masks": Table(
        "Codec",
        {name: {"codec": codec} for name, codec in (MODELS | {"VVC (fast)": "vvc:fast"}).items()},
        {"80 % kept": KEEPING["80 % kept"]} | BD_RATES,
        {"lines": "masks/pairs.csv", "recognizer": "yolov8n-seg", "kind": "mask", "against": "hevc:medium"},
    ),
    "roi": Table(
        "Detector",
        _EACH | {"mean": _MEAN},
        _AT_95_AND_80,
        {"lines": "ways/pairs.csv", "kind": "box", "codec": "fovea-s-roi+roi:yolox_nano", "against": "fovea-s"},
    ),
    "indoor": Table(
        "`fovea-s`",
        _AGAINST,
        {"90 % kept": KEEPING["90 % kept"]} | BD_RATES,
        _MEAN | {"lines": "indoor/pairs.csv", "codec": "fovea-s"},
    ),
    "frame-rate": Table(
        "Frames",
        {f"{name}: {way}": row | {"direction": way} for name, row in _FRAMES.items() for way in ("encode", "decode")},
        _ENGINES,
        {"lines": "../frame_rate.csv", "stage": "whole call", "figure": "per_second"},
    ),
    "views": _sizes("views"),
    "drone": _sizes("drone"),
    "coco-sizes": Table(
        "`fovea-s`",
        _AGAINST_BEST | {"against `fovea-s` at its best size": {"against": "fovea-s@best"}},
        {"80 % kept": KEEPING["80 % kept"]} | BD_RATES,
        _MEAN | {"lines": "coco_sizes/pairs.csv", "codec": "fovea-s"},
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
