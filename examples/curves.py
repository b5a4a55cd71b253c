"""Draw the curves of the documentation from the tables in ``benchmarks/results``, as small SVG files.

``python examples/curves.py`` draws them anew in ``docs/figures``, where they are kept. Needs the extra ``eval``.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "accuracy"
FIGURES = ROOT / "docs" / "figures"

CODECS = {
    "fovea-s": ("fovea-s", "#0072b2", "-"),
    "fovea-s-mse": ("fovea-s-mse", "#56b4e9", "--"),
    "vvc:fast": ("VVC", "#d55e00", "-"),
    "hevc:medium": ("HEVC", "#009e73", "-"),
    "avif:6": ("AVIF", "#cc79a7", "-"),
    "webp:4": ("WebP", "#777777", "-"),
    "jpeg": ("JPEG", "#e69f00", "-"),
}
"""The label, the color and the line of each codec that is drawn, by its name in the tables."""
RECOGNIZERS = {
    "yolox_nano": "YOLOX-Nano",
    "centernet_mbv3_512": "CenterNet-MobileNetV3",
    "yolov5n": "YOLOv5n",
    "yolov8n": "YOLOv8n",
    "yolov8n-seg": "YOLOv8n-seg",
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fovea",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e0e0e0",
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
}

Curves = dict[str, list[tuple[float, float]]]
"""Bits per pixel and percent of the accuracy that are kept, for each codec."""


def curves(table: Path, recognizers: Sequence[str] = tuple(RECOGNIZERS)) -> Curves:
    """Read how much of the box AP on the originals each codec keeps at which rate.

    Args:
        table: points of an evaluation, CSV.
        recognizers: the recognizers to take the mean of.
    """
    with table.open() as file:
        rows = list(csv.DictReader(file))
    originals = next(row for row in rows if row["codec"] == "original")
    drawn: Curves = {}
    for row in rows:
        if row["codec"] in CODECS:
            drawn.setdefault(row["codec"], []).append((float(row["bpp"]), _kept(row, originals, recognizers)))
    return drawn


def _kept(row: Mapping[str, str], originals: Mapping[str, str], recognizers: Sequence[str]) -> float:
    columns = [f"{name}_box_ap" for name in recognizers]
    return 100 * sum(float(row[column]) / float(originals[column]) for column in columns) / len(columns)


def points(drawn: Curves) -> str:
    """Return the points of all curves as text, which a figure carries: it tells whether the figure is that of today.

    Example:
        >>> points({"jpeg": [(0.123456, 50.0), (1.0, 99.96)]})
        'jpeg 0.1235 50.0 1.0000 100.0'
    """
    return "; ".join(
        " ".join([codec, *(f"{rate:.4f} {kept:.1f}" for rate, kept in line)]) for codec, line in drawn.items()
    )


def draw(drawn: Curves, title: str, path: Path) -> None:
    """Draw curves into an SVG file.

    Args:
        drawn: the curves.
        title: what stands above them.
        path: the file to write.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(5.4, 3.7), layout="constrained")
        axes = figure.subplots()
        for codec, (label, color, line) in CODECS.items():
            if codec in drawn:
                axes.plot(*zip(*drawn[codec], strict=True), line, color=color, label=label, marker="o")
        _label(axes, title)
        figure.savefig(path, metadata={"Date": None, "Creator": "Fovea", "Description": points(drawn)})


def _label(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([0.05, 0.1, 0.2, 0.5, 1]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlim(0.033, 1.45)
    axes.set_ylim(0, 105)
    axes.set_xlabel("bits per pixel")
    axes.set_ylabel("AP kept, %")
    axes.legend(loc="lower right", frameon=False)


def figures() -> dict[str, tuple[Curves, str]]:
    """Return the curves and the title of each figure by the name of its file."""
    coco = RESULTS / "coco" / "points.csv"
    made = {"kept.svg": (curves(coco), "Detection accuracy kept, mean of five detectors")}
    for name, title in RECOGNIZERS.items():
        made[f"kept-{name}.svg"] = (curves(coco, [name]), title)
    return made


def main() -> None:
    """Draw all figures."""
    FIGURES.mkdir(exist_ok=True)
    for name, (drawn, title) in figures().items():
        draw(drawn, title, FIGURES / name)
        print(FIGURES / name)


if __name__ == "__main__":
    main()
