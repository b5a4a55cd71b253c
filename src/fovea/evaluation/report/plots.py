"""Curves as pictures."""

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fovea.evaluation.curves import band
from fovea.evaluation.evaluate import Evaluation
from fovea.evaluation.point import Question

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colors, which stay apart for color-blind readers, then three more.
SERIES = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7b5cd6", "#a05a2c", "#5c6b73", "#c2185b",
)  # fmt: skip
MARKERS = "osD^vPX<>*"
LINES = ("-", "--", ":")
"""Once all colors are used they come again, with other lines and the marker of the next."""
INK, FAINT, PAPER = "#1b1f24", "#c9ced6", "#ffffff"
_SHARES = {0.95: 1.5, 0.90: -7.5}
"""Parts of the uncompressed accuracy that are marked, and where their names stand, in points above the line."""
_SIZE = (5.2, 3.6)
"""Inches: at 72 points each as wide as a phone, so that letters are neither tiny there nor huge on a desk."""


def color(codec: str, evaluation: Evaluation) -> str:
    """The color of a codec, the same in all figures."""
    return SERIES[_number(codec, evaluation) % len(SERIES)]


def figure(evaluation: Evaluation, questions: Sequence[Question], *, legend: bool) -> "Figure":
    """Draws accuracy over bitrate, side by side.

    Args:
        evaluation: what came out.
        questions: one plot for each.
        legend: whether to name the codecs.

    Returns:
        A figure of matplotlib.
    """
    from matplotlib.figure import Figure

    across = min(len(questions), 3)
    down = -(-len(questions) // across)
    drawn = Figure(figsize=(_SIZE[0] * across, _SIZE[1] * down), layout="constrained", facecolor=PAPER)
    plots = drawn.subplots(down, across, squeeze=False).ravel()
    for plot, question in zip(plots, questions, strict=False):
        _draw(plot, evaluation, question)
    for unused in plots[len(questions) :]:
        unused.set_axis_off()
    if legend:
        # Below all plots: in one of them it would hide curves.
        lines, names = plots[0].get_legend_handles_labels()
        place: dict[str, Any] = {"loc": "outside lower center", "ncols": 3 * across}
        drawn.legend(lines, names, frameon=False, labelcolor=INK, **place)
    return drawn


def to_bytes(drawn: "Figure", image_format: str) -> bytes:
    """Writes a figure as ``png`` or ``svg``; the same figure gives the same bytes."""
    import matplotlib

    file = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "fovea", "font.family": "sans-serif"}):
        drawn.savefig(file, format=image_format, dpi=200, metadata={"Date": None} if image_format == "svg" else {})
    return file.getvalue()


def inline_svg(evaluation: Evaluation, question: Question) -> str:
    """Draws one plot as SVG for the inside of a page, which sets its colors and letters."""
    text = to_bytes(figure(evaluation, [question], legend=False), "svg").decode()
    text = text[text.index("<svg") :]
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"font: ([\d.]+)px [^;\"]+", r"font-size: \1px", text)
    text = re.sub(r' id="(?:figure|axes|patch|line2d|text|legend|matplotlib|xtick|ytick)[._][\w.]+"', "", text)
    for number, shade in enumerate(SERIES):
        text = text.replace(shade, f"var(--series-{number})")
    for shade, name in ((INK, "ink"), (FAINT, "faint"), (PAPER, "paper")):
        text = text.replace(shade, f"var(--{name})")
    return text.replace("<svg ", f'<svg role="img" aria-label="{question.metric} over bitrate: {question}" ', 1)


def _number(codec: str, evaluation: Evaluation) -> int:
    return [contender.name for contender in evaluation.contenders].index(codec)


def _draw(plot: "Axes", evaluation: Evaluation, question: Question) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    whole = evaluation.wholes[question]
    for codec, curve in evaluation.curves[question].items():
        again, turn = divmod(_number(codec, evaluation), len(SERIES))
        shade, marker, line = SERIES[turn], MARKERS[(turn + again) % len(MARKERS)], LINES[again % len(LINES)]
        low, high = band(curve, whole)
        plot.fill_between(curve.rates, 100 * low, 100 * high, color=shade, alpha=0.14, linewidth=0)
        plot.plot(curve.rates, 100 * curve.scores, color=shade, marker=marker, ls=line, ms=4, lw=1.6, label=codec)
        plot.update_datalim([(rate, 0) for rate in curve.rates])  # a logarithmic axis must have some, even of no score
    plot.set_xscale("log")
    plot.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    plot.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    plot.xaxis.set_minor_formatter(NullFormatter())
    # Bands of few images may reach far beyond: the curves decide what is shown.
    scores = (curve.scores for curve in evaluation.curves[question].values())
    plot.set_ylim(0, 112 * np.nanmax([0.01, whole.score, *np.concatenate([*scores])]))
    plot.axhline(100 * whole.score, color=INK, lw=1)
    beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "color": INK}
    plot.annotate("originals", (0, 100 * whole.score), xytext=(4, 3), fontsize=8, **beside)
    for share, offset in _SHARES.items():
        plot.axhline(100 * share * whole.score, color=FAINT, lw=0.8, ls=(0, (4, 3)))
        plot.annotate(f"{share:.0%}", (0, 100 * share * whole.score), xytext=(4, offset), fontsize=7, **beside)
    plot.set_title(str(question), color=INK, fontsize=11, loc="left", fontweight="bold")
    plot.set_xlabel("bits per pixel", color=INK, fontsize=9.5)
    plot.set_ylabel(question.metric, color=INK, fontsize=9.5)
    plot.set_facecolor(PAPER)
    plot.tick_params(colors=INK, labelsize=9.5, which="both", length=3)
    plot.grid(color=FAINT, lw=0.5, alpha=0.6)
    plot.spines[["top", "right"]].set_visible(False)
    plot.spines[["left", "bottom"]].set_color(FAINT)
