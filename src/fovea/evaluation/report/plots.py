"""Plots of accuracy over bitrate."""

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from fovea.evaluation.curves import Curve
from fovea.evaluation.metrics import Metric
from fovea.evaluation.rate_accuracy import OriginalAccuracy, confidence_band

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The first six are Okabe and Ito's colors, which color-blind readers can tell apart.
PALETTE = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7b5cd6", "#a05a2c", "#5c6b73", "#c2185b",
)  # fmt: skip
MARKERS = "osD^vPX<>*"
LINE_STYLES = ("-", "--", ":")
"""When all colors are used they come again, with the next line style and shifted markers."""
INK, FAINT, PAPER = "#1b1f24", "#c9ced6", "#ffffff"
_SHARES = {0.95: 1.5, 0.90: -7.5}
"""Parts of the accuracy on the originals that are marked, and the height of their labels over the line in points."""
_SIZE = (5.2, 3.6)
"""Inches. At 72 points each a plot is as wide as a phone, so that its letters fit phones and desktops."""


@dataclass(frozen=True)
class Panel:
    """What one plot shows.

    Attributes:
        original: accuracy on the originals.
        curves: curves by name of the codec, the same codecs in the same order for all panels.
        best_sizes: names of the codecs whose points the curve of a best size draws on, by the name of this curve.
    """

    original: OriginalAccuracy
    curves: Mapping[str, Curve]
    best_sizes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def series(names: Iterable[str], best_sizes: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Return the number of each curve, from 0. A codec at several sizes, and at its best size, has one number.

    Args:
        names: names of the curves.
        best_sizes: as in :class:`Panel`.

    Example:
        >>> series(["jpeg", "webp", "jpeg@1/2", "jpeg@best"], {"jpeg@best": ("jpeg", "jpeg@1/2")})
        {'jpeg': 0, 'webp': 1, 'jpeg@1/2': 0, 'jpeg@best': 0}
    """
    best = {size: name for name, sizes in best_sizes.items() for size in sizes}
    numbers: dict[str, int] = {}
    return {name: numbers.setdefault(best.get(name, name), len(numbers)) for name in names}


def plot_curves(panels: Mapping[Metric, Panel], *, legend: bool) -> "Figure":
    """Plot accuracy over bitrate, a panel for each metric, side by side.

    Args:
        panels: what to plot.
        legend: whether to name the codecs.

    Returns:
        A figure of matplotlib.
    """
    from matplotlib.figure import Figure

    across = min(len(panels), 3)
    down = -(-len(panels) // across)
    figure = Figure(figsize=(_SIZE[0] * across, _SIZE[1] * down), layout="constrained", facecolor=PAPER)
    plots = figure.subplots(down, across, squeeze=False).ravel()
    for plot, (metric, panel) in zip(plots, panels.items(), strict=False):
        _plot(plot, metric, panel)
    for unused in plots[len(panels) :]:
        unused.set_axis_off()
    if legend:
        # It stands below all plots, because inside one of them it would hide curves.
        lines, names = plots[0].get_legend_handles_labels()
        place: dict[str, Any] = {"loc": "outside lower center", "ncols": 3 * across}
        figure.legend(lines, names, frameon=False, labelcolor=INK, **place)
    return figure


def figure_bytes(figure: "Figure", image_format: str) -> bytes:
    """Return a figure as ``png`` or ``svg``. The same figure gives the same bytes."""
    import matplotlib

    file = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "fovea", "font.family": "sans-serif"}):
        figure.savefig(file, format=image_format, dpi=200, metadata={"Date": None} if image_format == "svg" else {})
    return file.getvalue()


def inline_svg(metric: Metric, panel: Panel) -> str:
    """Plot one panel as SVG for the inside of a page, whose style sheet sets the colors and fonts."""
    text = figure_bytes(plot_curves({metric: panel}, legend=False), "svg").decode()
    text = text[text.index("<svg") :]
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"font: ([\d.]+)px [^;\"]+", r"font-size: \1px", text)
    text = re.sub(r' id="(?:figure|axes|patch|line2d|text|legend|matplotlib|xtick|ytick)[._][\w.]+"', "", text)
    for number, color in enumerate(PALETTE):
        text = text.replace(color, f"var(--series-{number})")
    for color, name in ((INK, "ink"), (FAINT, "faint"), (PAPER, "paper")):
        text = text.replace(color, f"var(--{name})")
    label = escape(f"{metric.name} over bitrate: {metric}")
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def _plot(plot: "Axes", metric: Metric, panel: Panel) -> None:
    numbers = series(panel.curves, panel.best_sizes)
    single = {name: place for sizes in panel.best_sizes.values() for place, name in enumerate(sizes)}
    for codec, curve in panel.curves.items():
        turn, place = divmod(numbers[codec], len(PALETTE))
        color, marker = PALETTE[place], MARKERS[(place + turn) % len(MARKERS)]
        style: dict[str, Any] = {"ls": LINE_STYLES[turn % len(LINE_STYLES)], "ms": 4, "lw": 1.6}
        if codec in single:
            # Thin lines without bands: what counts is the best size, in the same color.
            marker, style = MARKERS[single[codec] % len(MARKERS)], {"ls": ":", "ms": 2.5, "lw": 0.8}
        else:
            curve = curve.without_beaten_points if codec in panel.best_sizes else curve
            low, high = confidence_band(curve, panel.original)
            plot.fill_between(curve.rates, 100 * low, 100 * high, color=color, alpha=0.14, linewidth=0)
        plot.plot(curve.rates, 100 * curve.scores, color=color, marker=marker, label=codec, **style)
        plot.update_datalim([(rate, 0) for rate in curve.rates])  # a logarithmic axis needs data even without scores
    # The confidence bands of few images may reach far beyond the curves, so the curves alone set the limits.
    scores = [score for curve in panel.curves.values() for score in curve.scores]
    plot.set_ylim(0, 112 * np.nanmax([0.01, panel.original.value, *scores]))
    _mark_originals(plot, panel.original.value)
    _set_axes(plot, metric)


def _mark_originals(plot: "Axes", accuracy: float) -> None:
    beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "color": INK}
    plot.axhline(100 * accuracy, color=INK, lw=1)
    plot.annotate("originals", (0, 100 * accuracy), xytext=(4, 3), fontsize=8, **beside)
    for share, offset in _SHARES.items():
        plot.axhline(100 * share * accuracy, color=FAINT, lw=0.8, ls=(0, (4, 3)))
        plot.annotate(f"{share:.0%}", (0, 100 * share * accuracy), xytext=(4, offset), fontsize=7, **beside)


def _set_axes(plot: "Axes", metric: Metric) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    plot.set_xscale("log")
    plot.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    plot.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    plot.xaxis.set_minor_formatter(NullFormatter())
    plot.set_title(str(metric), color=INK, fontsize=11, loc="left", fontweight="bold")
    plot.set_xlabel("bits per pixel", color=INK, fontsize=9.5)
    plot.set_ylabel(metric.name, color=INK, fontsize=9.5)
    plot.set_facecolor(PAPER)
    plot.tick_params(colors=INK, labelsize=9.5, which="both", length=3)
    plot.grid(color=FAINT, lw=0.5, alpha=0.6)
    plot.spines[["top", "right"]].set_visible(False)
    plot.spines[["left", "bottom"]].set_color(FAINT)
