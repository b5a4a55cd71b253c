"""Measure frames per second of 1080p frames at the size that the encoder chooses: ``python benchmarks/frame_rate.py``.

The frames are those of ``frames.py``. The rows tell how the time of a call is spent, separately for each size that the
encoder chose.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from unittest.mock import patch

import click
import numpy as np
from PIL import Image
from tqdm import tqdm

import fovea.codec
from fovea.baselines import Pixels
from fovea.bitstream import read_header
from fovea.codec import DEFAULT_MODEL
from fovea.picture import enlarge, shrink
from fovea.spec import FULL_SCALE
from frames import HALVES
from images import RESULTS, evenly_spaced
from matmul import matmul_gflops
from probes import Stopwatch, watched_codec
from speed import precisions
from tables import Row, markdown, write_csv

PATH = click.Path(path_type=Path)
WHOLE = "whole call"


def read_frames(folder: Path, count: int) -> list[Pixels]:
    """Return frames of both halves of a set, spread evenly."""
    paths = sorted(path for half in HALVES for path in (folder / half).iterdir())
    return [np.asarray(Image.open(path).convert("RGB")) for path in evenly_spaced(paths, count)]


def measure(name: str, frames: Sequence[Pixels], quality: int, repeats: int, settings: tuple[str, str]) -> list[Row]:
    """Return the rows of one engine in one precision: the whole call, then each stage, for encoding and decoding."""
    watch = Stopwatch()
    seconds: dict[tuple[int, str, str], list[float]] = defaultdict(list)
    coded: dict[int, set[int]] = defaultdict(set)
    with (
        watched_codec(watch, DEFAULT_MODEL, *settings) as codec,
        patch.object(fovea.codec, "shrink", watch.timed("shrink", shrink)),
        patch.object(fovea.codec, "enlarge", watch.timed("enlarge", enlarge)),
    ):
        for turn in tqdm(range(repeats + 1), desc=f"{name} {' '.join(settings)}"):
            for number, frame in enumerate(frames):
                begin = time.perf_counter()
                data = codec.encode(frame, quality)
                middle, encoding = time.perf_counter(), watch.take()
                codec.decode(data)
                end, decoding = time.perf_counter(), watch.take()
                scale = read_header(data).scale
                coded[scale].add(number)
                if turn:  # the first round warms up
                    for direction, whole, stages in (
                        ("encode", middle - begin, encoding),
                        ("decode", end - middle, decoding),
                    ):
                        seconds[scale, direction, WHOLE].append(whole)
                        for stage, spent in stages.items():
                            seconds[scale, direction, stage].append(spent)
    peak = round(matmul_gflops(*settings))
    return [
        {
            "frames": name,
            "coded_at": str(Fraction(scale, FULL_SCALE)),
            "count": len(coded[scale]),
            "engine": settings[0],
            "precision": settings[1],
            "quality": quality,
            "direction": direction,
            "stage": stage,
            "ms": round(1000 * statistics.median(spent), 1),
            "per_second": round(1 / statistics.median(spent), 1) if stage == WHOLE else None,
            "matmul_gflops": peak,
        }
        for (scale, direction, stage), spent in sorted(seconds.items(), key=lambda item: _order(*item[0]))
    ]


def _order(scale: int, direction: str, stage: str) -> tuple[int, bool, bool, str]:
    """Return the place of a row: encoding comes before decoding, and the whole call before its stages."""
    return scale, direction == "decode", stage != WHOLE, stage


@click.command()
@click.option("--folder", type=PATH, default=Path(".accuracy/frames"), help="Folder that frames.py wrote.")
@click.option("--count", type=click.IntRange(1), default=8, show_default=True, help="Frames of each set.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("-q", "--quality", type=click.IntRange(0, 100), default=35, show_default=True)
@click.option("--out", type=PATH, default=RESULTS, help="Folder of the table.")
def main(folder: Path, count: int, repeats: int, quality: int, out: Path) -> None:
    """Measure the frame rate of the default model on all engines and precisions that this machine has."""
    rows: list[Row] = []
    for name in ("views", "drone"):
        frames = read_frames(folder / name, count)
        for settings in precisions():
            rows += measure(name, frames, quality, repeats, settings)
    write_csv(out / "frame_rate.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
