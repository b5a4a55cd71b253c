"""Measure what a lower precision of the networks costs in bits: ``python benchmarks/precision.py``.

Encoder and decoder may have different precisions, because they may run on different machines. The cost compares rates
at equal PSNR. Between the rates of neighboring qualities, PSNR is taken as linear in the logarithm of the rate.
"""

import math
from itertools import product
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from tqdm import tqdm

from fovea.baselines import Pixels
from fovea.codec import Codec
from fovea.store import list_models
from images import KODAK, RESULTS, read_folder
from measure import bits_per_pixel, psnr
from tables import Row, markdown, write_csv

PRECISIONS = ("fp32", "bf16")
QUALITIES = (10, 30, 50, 60, 70, 80, 90)
_NEAR = 4
"""Distance of the two qualities that give the slope of PSNR over the rate."""


class Rate(NamedTuple):
    """Means over the images: bits per pixel, and PSNR in dB."""

    bpp: float
    psnr: float


def measure(images: list[Pixels], quality: int, encoder: Codec, decoder: Codec) -> Rate:
    """Code images at one quality."""
    rates = []
    for image in images:
        data = encoder.encode(image, quality)
        rates.append((bits_per_pixel(data, image), psnr(image, decoder.decode(data))))
    return Rate(*map(float, np.mean(rates, axis=0)))


def cost(found: Rate, exact: Rate, below: Rate, above: Rate) -> float:
    """Return the change of the rate at equal PSNR, in percent.

    Example:
        >>> round(cost(Rate(1.0, 29.5), Rate(1.0, 30.0), Rate(0.5, 27.0), Rate(2.0, 33.0)), 1)
        12.2
    """
    slope = (above.psnr - below.psnr) / math.log(above.bpp / below.bpp)
    change = math.log(found.bpp / exact.bpp) - (found.psnr - exact.psnr) / slope
    return 100 * math.expm1(change)


@click.command()
@click.option("--images", "count", type=click.IntRange(1), default=6, show_default=True, help="Images of Kodak.")
@click.option("--models", multiple=True, help="Models to measure.  [default: all that are installed]")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, help="Folder of the table.")
def main(count: int, models: tuple[str, ...], out: Path) -> None:
    """Measure the cost of the precisions of OpenVINO."""
    images = read_folder(KODAK, count)
    rows: list[Row] = []
    names = models or [model.name for model in list_models() if model.path]
    for name, quality in tqdm(list(product(names, QUALITIES))):
        codecs = {precision: Codec(name, "openvino", precision) for precision in PRECISIONS}
        exact = codecs["fp32"]
        near = [measure(images, quality + change, exact, exact) for change in (-_NEAR, _NEAR)]
        reference = measure(images, quality, exact, exact)
        for encoder, decoder in list(product(PRECISIONS, repeat=2))[1:]:
            found = measure(images, quality, codecs[encoder], codecs[decoder])
            rows.append(
                {
                    "model": name,
                    "quality": quality,
                    "encoder": encoder,
                    "decoder": decoder,
                    "images": len(images),
                    "bpp": round(found.bpp, 4),
                    "psnr": round(found.psnr, 3),
                    "cost_percent": round(cost(found, reference, *near), 2),
                }
            )
    write_csv(out / "precision.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
