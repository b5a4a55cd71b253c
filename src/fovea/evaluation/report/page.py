"""The report of an evaluation: a page that needs nothing beside it, tables and pictures."""

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
from fovea.evaluation.curves import Estimate
from fovea.evaluation.drawing import class_color, color_classes
from fovea.evaluation.evaluate import Evaluation
from fovea.evaluation.figures import SERIES, figure, inline_svg, to_bytes
from fovea.evaluation.marks import Mark
from fovea.evaluation.tables import SHARES, points_csv, summarize, summary_csv
from fovea.recognition.recognizer import Picture

REPORT_FILES = ("points.csv", "summary.csv", "curves.png", "curves.svg", "report.html")
"""What :func:`write_report` writes."""
_WIDEST = 720
"""Pixels of an image in the page."""


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Writes the page, tables and pictures: ``REPORT_FILES``.

    Args:
        evaluation: what came out.
        folder: made if it is not there.

    Returns:
        The page.

    Raises:
        FoveaError: a file cannot be written.
    """
    rows = summarize(evaluation)
    curves = figure(evaluation, list(evaluation.curves), legend=True)
    contents = (
        points_csv(evaluation).encode(),
        summary_csv(evaluation, rows).encode(),
        to_bytes(curves, "png"),
        to_bytes(curves, "svg"),
        _template()
        .render(
            evaluation=evaluation,
            fovea_version=fovea.__version__,
            rows=rows,
            shares=SHARES,
            plots={question: Markup(inline_svg(evaluation, question)) for question in evaluation.curves},
            series={contender.name: i % len(SERIES) for i, contender in enumerate(evaluation.contenders)},
            colors=SERIES,
        )
        .encode(),
    )
    for name, data in zip(REPORT_FILES, contents, strict=True):
        with writing(folder / name) as file:
            file.write(data)
    return folder / "report.html"


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fovea.evaluation"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "figure": _figure,
        "percent": _percent,
        "rate": _rate,
        "uri": _uri,
        "outline": _outline,
        "overlay": _overlay,
        "shade": _shade,
    }
    return environment.get_template("report.html")


def _figure(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def _percent(estimate: Estimate) -> Markup:
    return _estimate(estimate, "{:+.0f} %")


def _rate(estimate: Estimate) -> Markup:
    return _estimate(estimate, "{:.3f}")


def _estimate(estimate: Estimate, pattern: str) -> Markup:
    """A figure with its interval below, or the reason why there is none."""
    if math.isnan(estimate.value):
        return Markup('<span class="none">{}</span>').format(estimate.note)
    text = Markup(pattern.format(estimate.value).replace("-", "−"))
    if not math.isnan(estimate.low):
        bounds = (pattern.format(b).removesuffix(" %").replace("-", "−") for b in (estimate.low, estimate.high))
        text += Markup(" <small>{}…{}</small>").format(*bounds)
    if estimate.note:
        text += Markup(" <small>{}</small>").format(estimate.note)
    return text


def _uri(picture: Picture) -> str:
    image = Image.fromarray(picture)
    image.thumbnail((_WIDEST, _WIDEST), Image.Resampling.LANCZOS)
    # Fine enough that what the codec did is seen, and not what this does.
    return _embed(image, "webp", quality=88, method=6)


def _overlay(class_map: NDArray[np.integer]) -> str:
    image = Image.fromarray(color_classes(class_map))
    image.thumbnail((_WIDEST, _WIDEST), Image.Resampling.NEAREST)
    return _embed(image, "png", optimize=True)


def _embed(image: Image.Image, image_format: str, **settings: object) -> str:
    file = io.BytesIO()
    image.save(file, image_format, **settings)
    return f"data:image/{image_format};base64,{base64.b64encode(file.getvalue()).decode()}"


def _shade(number: int) -> str:
    return "rgb({}, {}, {})".format(*class_color(number))


def _outline(mark: Mark) -> str:
    """The border of a mask as an SVG path."""
    if mark.mask is None:
        return ""
    from contourpy import contour_generator

    # Every second pixel will do, and a rim of zeros closes masks that touch the border.
    plane = np.pad(rle.decode(mark.mask)[::2, ::2], 1).astype(np.float32)
    lines = cast("list[NDArray[np.float64]]", contour_generator(z=plane).lines(0.5))
    return "".join("M" + " ".join(f"{2 * x - 2:.0f},{2 * y - 2:.0f}" for x, y in line) + "Z" for line in lines)
