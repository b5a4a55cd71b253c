"""Rate and PSNR of a model against conventional codecs: ``python benchmarks/rate_distortion.py``.

Rates are those of real files. ``README.md`` explains the columns.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import bjontegaard
import click
import numpy as np
from tqdm import tqdm

from fovea.atomic import writing
from fovea.baselines import Codec as AnyCodec
from fovea.baselines import Pixels, get_baseline
from fovea.codec import DEFAULT_MODEL, Codec
from fovea.store import list_models
from images import KODAK, RESULTS, read_folder
from measure import bits_per_pixel, psnr
from probes import ideal_bits
from tables import Row, markdown, write_csv

RIVALS = ("jpeg", "webp", "avif:6", "hevc:medium")
QUALITIES = tuple(range(0, 101, 10))
PLAIN_MODEL = "fovea-s-mse"
"""A model that is trained for the mean squared error, which PSNR measures. Models for machines have a lower PSNR."""
COLORS = ("#8a8a8a", "#4c9f70", "#d98a3d", "#8c6bb1", "#3f8fb5", "#b5566b")
OURS = "#c8102e"
PATH = click.Path(path_type=Path)


class Point(NamedTuple):
    """One quality, with means over the images and sums of bytes."""

    quality: float
    bpp: float
    psnr: float
    size: int
    ideal: float | None
    """Bytes by the probabilities of the model; None for other codecs."""


class Curve(NamedTuple):
    """The points of one codec."""

    name: str
    version: str
    points: list[Point]


class Comparison(NamedTuple):
    """The rate of one curve against another at equal PSNR."""

    bd_rate: float | None
    """BD-rate in percent, negative for fewer bits than the other; None where there is none, as the note explains."""
    low: float
    high: float
    """Lowest and highest PSNR that is compared, in dB."""
    note: str


def measure(codec: AnyCodec, version: str, images: Sequence[Pixels], qualities: Sequence[float]) -> Curve:
    """Code all images at all qualities."""
    points = []
    for quality in tqdm(qualities, desc=codec.name):
        rates, decibels, size = [], [], 0
        with ideal_bits() as bits:
            for image in images:
                data = codec.encode(image, quality)
                size += len(data)
                rates.append(bits_per_pixel(data, image))
                decibels.append(psnr(image, codec.decode(data)))
        ideal = sum(bits) / 8 if bits else None
        points.append(Point(quality, float(np.mean(rates)), float(np.mean(decibels)), size, ideal))
    return Curve(codec.name, version, points)


def compare(ours: Curve, other: Curve) -> Comparison:
    """Return the BD-rate over the range of PSNR that both curves reach."""
    spans = [(curve.points[0].psnr, curve.points[-1].psnr) for curve in (ours, other)]
    low, high = max(span[0] for span in spans), min(span[1] for span in spans)
    for curve in (ours, other):
        steps = zip(curve.points, curve.points[1:], strict=False)
        for before, after in steps:
            if after.bpp <= before.bpp or after.psnr <= before.psnr:
                where = f"between quality {before.quality:g} and {after.quality:g}"
                return Comparison(None, low, high, f"{curve.name} does not rise {where}")
    if low >= high:
        return Comparison(None, low, high, "the curves share no PSNR")
    rate = bjontegaard.bd_rate(
        [point.bpp for point in other.points],
        [point.psnr for point in other.points],
        [point.bpp for point in ours.points],
        [point.psnr for point in ours.points],
        method="akima",
        require_matching_points=False,
        min_overlap=0,
    )
    shared = (high - low) / min(span[1] - span[0] for span in spans)
    note = "" if shared >= 0.5 else f"only {shared:.0%} of the shorter curve is shared"
    return Comparison(float(rate), low, high, note)


def point_rows(image_set: str, curves: list[Curve], images: int) -> list[Row]:
    """Return the table of all curves."""
    return [
        {
            "codec": curve.name,
            "version": curve.version,
            "image_set": image_set,
            "images": images,
            "quality": point.quality,
            "bpp": round(point.bpp, 5),
            "psnr_rgb": round(point.psnr, 4),
            "bytes": point.size,
            "ideal_bytes": None if point.ideal is None else round(point.ideal, 1),
            "over_ideal_percent": None if point.ideal is None else round(100 * (point.size / point.ideal - 1), 3),
        }
        for curve in curves
        for point in curve.points
    ]


def comparison_rows(image_set: str, curves: list[Curve]) -> list[Row]:
    """Compare the first curve with each of the others."""
    rows: list[Row] = []
    for other in curves[1:]:
        found = compare(curves[0], other)
        rows.append(
            {
                "codec": curves[0].name,
                "against": other.name,
                "image_set": image_set,
                "bd_rate_percent": None if found.bd_rate is None else round(found.bd_rate, 2),
                "psnr_from": round(found.low, 2),
                "psnr_to": round(found.high, 2),
                "note": found.note,
            }
        )
    return rows


def plot(path: Path, title: str, curves: list[Curve]) -> None:
    """Plot PSNR over rate, the first curve in front."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 5), layout="constrained")
    axes = figure.add_subplot()
    for number, curve in enumerate(curves):
        rates, decibels = [point.bpp for point in curve.points], [point.psnr for point in curve.points]
        color = COLORS[(number - 1) % len(COLORS)] if number else OURS
        width, front = (1.4, 2) if number else (2.6, 3)
        axes.plot(rates, decibels, color=color, lw=width, zorder=front, marker="o", ms=2 * width, label=curve.name)
    axes.set(xlabel="bits per pixel", ylabel="PSNR over R, G and B, dB", title=title)
    axes.set_xlim(0, max(point.bpp for point in curves[0].points) * 1.15)
    axes.grid(color="#e6e6e6", lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="best", frameon=False)
    with writing(path) as file:
        figure.savefig(file, dpi=150, format="png")


def default_model() -> str:
    """Return the model that is trained for the mean squared error, where it is installed."""
    return PLAIN_MODEL if any(model.name == PLAIN_MODEL and model.path for model in list_models()) else DEFAULT_MODEL


@click.command()
@click.option("--images", "folder", type=PATH, default=KODAK, help="Folder of PNG images.")
@click.option("--limit", type=click.IntRange(1), default=24, help="Largest number of images.")
@click.option("--model", default=default_model, show_default=PLAIN_MODEL, help="Name or path of a model.")
@click.option("--engine", default="onnxruntime", help="Engine of the model.")
@click.option("--rivals", default=",".join(RIVALS), help="Codecs to compare with; vvc:fast is slow.")
@click.option("--out", type=PATH, default=RESULTS, help="Folder for tables and plot.")
def main(folder: Path, limit: int, model: str, engine: str, rivals: str, out: Path) -> None:
    """Measure rate and PSNR."""
    images = read_folder(folder, limit)
    codec = Codec(model, engine)
    curves = [measure(codec, codec.model.id.hex(), images, QUALITIES)]
    for spec in filter(None, rivals.split(",")):
        rival = get_baseline(spec)
        if reason := rival.available():
            click.echo(f"skipped: {reason}", err=True)
            continue
        curves.append(measure(rival, rival.version(), images, rival.default_qualities))
    points, comparisons = point_rows(folder.name, curves, len(images)), comparison_rows(folder.name, curves)
    write_csv(out / "rate_distortion.csv", points)
    click.echo(markdown(points))
    if comparisons:
        write_csv(out / "bd_rate.csv", comparisons)
        click.echo(f"\n{markdown(comparisons)}")
    plot(out / "rate_distortion.png", f"{folder.name}, mean of {len(images)} images", curves)


if __name__ == "__main__":
    main()
