"""Check that the baselines code as well as they should: ``python benchmarks/baselines_check.py``.

A baseline with wrong settings makes every other codec look good. This script codes four Kodak images with every codec
and compares BD-rates with figures that were measured independently, with other programs. ``README.md`` explains the
columns.
"""

import sys
from pathlib import Path

import bjontegaard
import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from fovea.baselines import Baseline, Pixels, baseline_names, get_baseline
from fovea.baselines.avc_hevc import Avc
from fovea.evaluation import psnr
from images import KODAK, RESULTS
from measure import bits_per_pixel
from tables import Row, markdown, write_csv

IMAGES = ("kodim04", "kodim05", "kodim14", "kodim23")
ANCHOR = "vvc:fast"
ANCHOR_BD = 5.0
"""BD-rate of the anchor against VVC medium, in percent. Medium itself would take ten times as long."""
LUMA = np.array([0.2126, 0.7152, 0.0722])
RANGES = ((25, 33), (27, 35), (29, 37), (30, 38), (31, 39), (33, 41))
"""Ranges of PSNR in dB. It is not known which of them the figures were measured in, and it affects them."""
TOLERANCE = 3.0
"""Largest difference of two BD-rates that agree, in percentage points."""
PATH = click.Path(path_type=Path)


class AvcUntuned(Avc):
    """x264 with its defaults: constant rate factor, tuned for human eyes, and its options as 500 bytes in each file."""

    name = "avc:medium, untuned"
    dropped_units = frozenset[int]()

    def _options(self, qp: int) -> dict[str, str]:
        return {"preset": self.effort, "crf": str(qp), "x264-params": "sliced-threads=0:log=-1"}


EXPECTED: dict[str, tuple[float, float | None]] = {
    "jpeg": (150, 148),
    "jpeg2000": (67, 100),
    "webp:4": (61, 67),
    "jxl:7": (91, 93),
    "avif:6": (26, None),
    "avc:medium": (68, 61),
    AvcUntuned.name: (68, 61),
    "hevc:medium": (29, 24),
    "vvc:faster": (17, None),
}
"""BD-rate against VVC medium in percent, by PSNR over R, G and B, and by that of luma, where one is known."""
QUALITIES = {
    "jpeg": (8, 12, 20, 30, 42, 58, 74, 83, 88, 92),
    "mozjpeg": (10, 14, 19, 26, 35, 45, 57, 66, 73, 80),
    "jpeg2000": (25, 27, 29.25, 30.5, 31.8, 33, 34.3, 35.6, 37.2, 39, 41),
    "webp:4": (0, 3, 10, 20, 35, 55, 75, 80, 84, 90),
    "avif:6": (8, 15, 23, 30, 38, 46, 53, 60, 65, 72, 80),
    "jxl:7": (8, 14, 24, 40, 55, 68, 77, 83, 87, 91, 94),
    "avc:medium": (5, 9, 13, 15, 18, 20, 23, 25, 28, 31, 34),
    "hevc:medium": (5, 8, 12, 14, 17, 20, 22, 25, 27, 31, 34),
    "vvc:faster": (19, 22, 24, 26, 29, 31, 33, 36, 38, 42),
    "vvc:fast": (14, 18, 22, 27, 32, 36, 40, 44, 47),
}
"""Qualities that give about 25 to 41 dB."""
QUALITIES[AvcUntuned.name] = QUALITIES["avc:medium"]


def point(codec: Baseline, images: list[Pixels], quality: float) -> tuple[float, float, float]:
    """Return bits per pixel, PSNR over R, G and B and PSNR of luma in dB, each the mean over the images."""
    points = []
    for image in images:
        data = codec.encode(image, quality)
        error = image.astype(np.float64) - codec.decode(data)
        levels = [psnr(float(np.mean(each**2))) for each in (error, error @ LUMA)]
        points.append((bits_per_pixel(data, image), *levels))
    bpp, rgb, luma = np.mean(points, axis=0)
    return float(bpp), float(rgb), float(luma)


def bd_rate(curve: NDArray[np.float64], anchor: NDArray[np.float64], column: int, low: float, high: float) -> float:
    """Return the BD-rate against VVC medium in percent, over the points of a curve within a range of RGB PSNR."""
    inside = curve[(curve[:, 1] >= low - 0.5) & (curve[:, 1] <= high + 0.5)]
    extra = bjontegaard.bd_rate(
        anchor[:, 0], anchor[:, column], inside[:, 0], inside[:, column],
        method="akima", require_matching_points=False, min_overlap=0,
    )  # fmt: skip
    return float((1 + extra / 100) * (1 + ANCHOR_BD / 100) * 100 - 100)


def compare(name: str, curve: NDArray[np.float64], anchor: NDArray[np.float64]) -> Row:
    """Return a line of the comparison: BD-rates in each range, and the smallest difference to the figures."""
    found = {bounds: [bd_rate(curve, anchor, column, *bounds) for column in (1, 2)] for bounds in RANGES}
    rgb, luma = EXPECTED.get(name, (None, None))
    row: dict[str, object] = {"codec": name, "expected_rgb": rgb, "expected_luma": luma}
    for (low, high), rates in found.items():
        row |= {f"{kind}_{low}_{high}": round(rate, 1) for kind, rate in zip(("rgb", "luma"), rates, strict=True)}
    off = None if rgb is None else min((rates[0] - rgb for rates in found.values()), key=abs)
    return row | {"off_rgb": off and round(off, 1), "agrees": off if off is None else abs(off) <= TOLERANCE}


@click.command()
@click.option("--images", "folder", type=PATH, default=KODAK, help="Folder of the Kodak images.")
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the tables.")
def main(folder: Path, out: Path) -> None:
    """Compare the baselines with figures measured independently."""
    images = [np.asarray(Image.open(folder / f"{name}.png").convert("RGB")) for name in IMAGES]
    curves: dict[str, NDArray[np.float64]] = {}
    rows: list[Row] = []
    for codec in tqdm([*map(get_baseline, [*baseline_names(), "vvc:faster"]), AvcUntuned()], desc="codecs"):
        if reason := codec.available():
            print(f"skipped: {reason}", file=sys.stderr)
            continue
        points = [point(codec, images, quality) for quality in QUALITIES[codec.name]]
        curves[codec.name] = np.array(points)
        rows += [
            {
                "codec": codec.name,
                "version": codec.version(),
                "quality": quality,
                "bpp": round(bpp, 5),
                "psnr_rgb": round(rgb, 3),
                "psnr_luma": round(luma, 3),
            }
            for quality, (bpp, rgb, luma) in zip(QUALITIES[codec.name], points, strict=True)
        ]
    comparison = [compare(name, curve, curves[ANCHOR]) for name, curve in curves.items() if name != ANCHOR]
    write_csv(out / "baselines_kodak4.csv", rows)
    write_csv(out / "baselines_kodak4_bd.csv", comparison)
    click.echo(markdown(comparison))


if __name__ == "__main__":
    main()
