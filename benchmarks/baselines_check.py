"""Checks that the baselines code as well as they should.

A codec that is set up wrongly makes everything else look good. This codes four Kodak images with every codec
and compares BD-rates (mean PSNR over R, G and B, mean bits of real files) with figures measured
independently::

    python benchmarks/baselines_check.py ../shared/data/kodak benchmarks/results/baselines_kodak4.csv

All curves run from about 29 to 37 dB, where JPEG, JPEG XL, HEVC and VVC meet their figures. The range behind
those figures is not known, and it matters: 1 dB lower costs JPEG 7 points, JPEG 2000 11, WebP 4, HEVC none.
"""

import csv
import platform
import sys
from pathlib import Path

import bjontegaard
import numpy as np
from PIL import Image
from tqdm import tqdm

from fovea.baselines import Baseline, Picture, get, names
from machine import commit

IMAGE_SET = "kodak 04 05 14 23"
ANCHOR = "vvc:fast"
ANCHOR_BD = 5.0
"""BD-rate of the anchor against VVC medium, in percent: medium itself would take ten times as long."""
EXPECTED_BD = {
    "jpeg": 150.0,
    "jpeg2000": 67.0,
    "webp:4": 61.0,
    "jxl:7": 91.0,
    "avif:6": 26.0,
    "avc:medium": 68.0,
    "hevc:medium": 29.0,
    "vvc:faster": 17.0,
}
"""BD-rate against VVC medium, in percent, measured with other programs."""
TOLERANCE = 3.0
"""Points of BD-rate."""
QUALITIES = {
    "jpeg": (20, 30, 42, 58, 74, 83, 88),
    "mozjpeg": (19, 26, 35, 45, 57, 66, 73),
    "jpeg2000": (29.25, 30.5, 31.8, 33, 34.3, 35.6, 37.2),
    "webp:4": (10, 20, 35, 55, 75, 80, 84),
    "avif:6": (23, 30, 38, 46, 53, 60, 65),
    "jxl:7": (24, 40, 55, 68, 77, 83, 87),
    "avc:medium": (13, 15, 18, 20, 23, 25, 28),
    "hevc:medium": (12, 14, 17, 20, 22, 25, 27),
    "vvc:faster": (24, 26, 29, 31, 33, 36, 38),
    "vvc:fast": (17, 22, 27, 32, 36, 40, 44),
}
"""About 29 to 37 dB; the anchor reaches further, so that all of each curve counts."""


def point(codec: Baseline, images: list[Picture], quality: float) -> tuple[float, float]:
    """Bits per pixel and PSNR in dB over R, G and B, each the mean over the images."""
    rates, qualities = [], []
    for image in images:
        data = codec.encode(image, quality)
        error = np.mean((image.astype(np.float64) - codec.decode(data)) ** 2)
        rates.append(8 * len(data) / (image.shape[0] * image.shape[1]))
        qualities.append(10 * np.log10(255**2 / error))
    return float(np.mean(rates)), float(np.mean(qualities))


def main(folder: Path, table: Path) -> None:
    """Measures all codecs, writes the table, prints the comparison."""
    images = [np.asarray(Image.open(folder / f"kodim{number}.png").convert("RGB")) for number in IMAGE_SET.split()[1:]]
    curves: dict[str, list[tuple[float, float]]] = {}
    rows = []
    specs = [*names(), "vvc:faster"]
    for codec in tqdm([get(spec) for spec in specs], desc="codecs"):
        if reason := codec.available():
            print(f"skipped: {reason}", file=sys.stderr)
            continue
        curves[codec.name] = [point(codec, images, quality) for quality in QUALITIES[codec.name]]
        rows += [
            (codec.name, codec.version(), IMAGE_SET, quality, f"{bpp:.5f}", f"{psnr:.4f}")
            for quality, (bpp, psnr) in zip(QUALITIES[codec.name], curves[codec.name], strict=True)
        ]
    machine = f"{platform.system()} {platform.machine()}; Python {platform.python_version()}"
    unfinished = table.with_suffix(".part")
    with unfinished.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("codec", "version", "image_set", "quality", "bpp", "psnr_rgb", "machine", "commit"))
        writer.writerows((*row, machine, commit()) for row in rows)
    unfinished.replace(table)

    anchor_rate, anchor_psnr = zip(*curves[ANCHOR], strict=True)
    for name, curve in curves.items():
        rate, psnr = zip(*curve, strict=True)
        extra = bjontegaard.bd_rate(
            anchor_rate, anchor_psnr, rate, psnr, method="akima", require_matching_points=False, min_overlap=0
        )
        found = (1 + extra / 100) * (1 + ANCHOR_BD / 100) * 100 - 100
        line = f"{name:12}{found:+7.1f} %"
        if name in EXPECTED_BD:
            off = found - EXPECTED_BD[name]
            verdict = "agrees" if abs(off) <= TOLERANCE else f"differs by {off:+.1f}"
            line += f"   expected {EXPECTED_BD[name]:+.0f} %   {verdict}"
        print(line)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python benchmarks/baselines_check.py KODAK_FOLDER TABLE.csv")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
