"""Writing the report: a web page that needs no other file, tables and plots."""

import base64
import io
import math
from pathlib import Path
from typing import cast

import jinja2
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as rle

import fovea
from fovea.atomic import writing
from fovea.baselines import Pixels
from fovea.evaluation.comparison import SHARES, USEFUL_SHARE
from fovea.evaluation.evaluate import Evaluation
from fovea.evaluation.figures import Estimate
from fovea.evaluation.gallery.drawing import class_color, color_class_map
from fovea.evaluation.gallery.matching import SCORE_THRESHOLD, Mark
from fovea.evaluation.report.plots import PALETTE, Panel, figure_bytes, inline_svg, plot_curves, series
from fovea.evaluation.report.summary import compare_pairs, summarize
from fovea.evaluation.report.tables import pairs_csv, points_csv, summary_csv

REPORT_FILES = ("points.csv", "summary.csv", "pairs.csv", "curves.png", "curves.svg", "report.html")
"""The files that :func:`write_report` writes."""
_IMAGE_SIDE = 720
"""Longest side of an image in the page, in pixels."""


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Write the page, tables and plots: ``REPORT_FILES``.

    Args:
        evaluation: results of the evaluation.
        folder: folder of the files, which is made if it is not there.

    Returns:
        The page.

    Raises:
        FoveaError: a file cannot be written.
    """
    rows, groups = summarize(evaluation), compare_pairs(evaluation)
    panels = {
        metric: Panel(evaluation.original_accuracy[metric], curves, evaluation.best_sizes)
        for metric, curves in evaluation.curves.items()
    }
    names = list(next(iter(evaluation.curves.values())))
    plots = plot_curves(panels, legend=True)
    page = _template().render(
        evaluation=evaluation,
        fovea_version=fovea.__version__,
        rows=rows,
        groups=groups,
        shares=SHARES,
        useful=USEFUL_SHARE,
        score_threshold=SCORE_THRESHOLD,
        names=sorted(names, key=lambda name: name != evaluation.anchor),
        plots={metric: Markup(inline_svg(metric, panel)) for metric, panel in panels.items()},
        series={name: number % len(PALETTE) for name, number in series(names, evaluation.best_sizes).items()},
        colors=PALETTE,
    )
    contents = (
        points_csv(evaluation).encode(),
        summary_csv(evaluation, rows).encode(),
        pairs_csv(evaluation, groups).encode(),
        figure_bytes(plots, "png"),
        figure_bytes(plots, "svg"),
        page.encode(),
    )
    for name, data in zip(REPORT_FILES, contents, strict=True):
        with writing(folder / name) as file:
            file.write(data)
    return folder / "report.html"


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fovea.evaluation.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "figure": _figure,
        "percent": _percent,
        "rate": _rate,
        "ratio": _ratio,
        "uri": _uri,
        "outline": _outline,
        "overlay": _overlay,
        "css_color": _css_color,
    }
    return environment.get_template("report.html")


def _figure(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def _percent(estimate: Estimate) -> Markup:
    return _estimate(estimate, "{:+.0f} %")


def _rate(estimate: Estimate) -> Markup:
    return _estimate(estimate, "{:.3f}")


def _ratio(estimate: Estimate) -> Markup:
    return _estimate(estimate, "{:.2f}")


def _estimate(estimate: Estimate, pattern: str) -> Markup:
    """Return a figure with its interval, or the reason why there is none."""
    if math.isnan(estimate.value):
        return Markup('<span class="none">{}</span>').format(estimate.note)
    text = Markup(pattern.format(estimate.value).replace("-", "−"))
    if interval := estimate.interval_text(pattern.removesuffix(" %")):
        text += Markup(" <small>{}</small>").format(interval.replace("-", "−"))
    if estimate.note:
        text += Markup(" <small>{}</small>").format(estimate.note)
    return text


def _uri(pixels: Pixels) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((_IMAGE_SIDE, _IMAGE_SIDE), Image.Resampling.LANCZOS)
    # At this quality the artifacts of the codecs stay visible, and WebP adds none of its own.
    return _embed(image, "webp", quality=88, method=6)


def _overlay(class_map: NDArray[np.integer]) -> str:
    image = Image.fromarray(color_class_map(class_map))
    image.thumbnail((_IMAGE_SIDE, _IMAGE_SIDE), Image.Resampling.NEAREST)
    return _embed(image, "png", optimize=True)


def _embed(image: Image.Image, image_format: str, **settings: object) -> str:
    file = io.BytesIO()
    image.save(file, image_format, **settings)
    return f"data:image/{image_format};base64,{base64.b64encode(file.getvalue()).decode()}"


def _css_color(class_number: int) -> str:
    return "rgb({}, {}, {})".format(*class_color(class_number))


def _outline(mark: Mark) -> str:
    """Return the border of a mask as an SVG path."""
    if mark.mask is None:
        return ""
    from contourpy import contour_generator

    # Every second pixel is enough. A border of zeros closes the outlines of masks that touch the border of the image.
    plane = np.pad(rle.decode(mark.mask)[::2, ::2], 1).astype(np.float32)
    lines = cast("list[NDArray[np.float64]]", contour_generator(z=plane).lines(0.5))
    return "".join("M" + " ".join(f"{2 * x - 2:.0f},{2 * y - 2:.0f}" for x, y in line) + "Z" for line in lines)
