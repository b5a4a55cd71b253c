"""Speed of whole calls, and how the time is spent: ``python benchmarks/speed.py``.

All codecs take turns on every image, so that a busy moment of the machine affects them all. Each codes near the
same rate. The first round warms up and does not count. ``README.md`` explains the columns.
"""

import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import click
import numpy as np
from pydantic import TypeAdapter
from tqdm import tqdm

from fovea.baselines import Codec as AnyCodec
from fovea.baselines import Pixels, get_baseline
from fovea.bitstream import MAX_TILE_SIZE
from fovea.codec import DEFAULT_MODEL, Codec
from fovea.engine import available_cores, engine_names
from fovea.networks import NetworkConfig, multiply_accumulates
from fovea.store import load_model
from images import FULL_HD, KODAK, RESULTS, mosaic, read_folder
from matmul import matmul_gflops
from measure import bits_per_pixel, encode_near, psnr
from probes import Stopwatch, watched_codec
from tables import Row, markdown, write_csv

RIVALS = ("jpeg", "webp", "avif:6", "hevc:medium", "vvc:fast")
SLOW = ("vvc:fast",)
"""Timed on the first image alone, once: seconds a megapixel."""
EXACT = ("scales",)
"""Networks that run in fp32 whatever the precision of the others."""
PATH = click.Path(path_type=Path)
Stages = dict[str, dict[str, float]]
"""Direction to stage to seconds."""


@dataclass
class TimedCodec:
    """A codec whose times are taken.

    Attributes:
        seconds: times of "encode" and "decode": for each image, by its number, that of every round.
        points: bits per pixel and PSNR of each image, by its number.
    """

    name: str
    version: str
    codec: AnyCodec
    quality: int
    seconds: dict[str, dict[int, list[float]]] = field(init=False)
    points: dict[int, tuple[float, float]] = field(init=False)

    def clear(self) -> None:
        """Forget what was measured."""
        self.seconds = {"encode": defaultdict(list), "decode": defaultdict(list)}
        self.points = {}

    def speed(self, direction: str, images: list[Pixels]) -> float:
        """Return megapixels per second: all pixels over the sum of the median times of the images."""
        times = self.seconds[direction]
        pixels = sum(images[number].shape[0] * images[number].shape[1] for number in times)
        return float(pixels) / 1e6 / sum(statistics.median(rounds) for rounds in times.values())


def precisions() -> list[tuple[str, str]]:
    """Return the engines and precisions that this machine has."""
    found = [(engine, "fp32") for engine in engine_names()]
    if "openvino" in engine_names():
        import openvino

        # Without such units OpenVINO silently uses fp32, and the figures would be those of fp32.
        units = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        found += [("openvino", name) for name in ("bf16", "fp16") if name.upper() in units]
    return found


def open_codecs(model: str, rivals: list[str], image: Pixels, bpp: float) -> list[TimedCodec]:
    """Open all codecs that can run here, each at the quality whose rate on one image is nearest to the one wanted."""
    codecs = []
    for engine, precision in precisions():
        codec = Codec(model, engine, precision)
        quality, _ = encode_near(codec, image, bpp)
        codecs.append(TimedCodec(f"{codec.name} {engine} {precision}", codec.model.id.hex(), codec, quality))
    for spec in rivals:
        rival = get_baseline(spec, threads=available_cores())
        if reason := rival.available():
            click.echo(f"skipped: {reason}", err=True)
            continue
        low, high = rival.quality_range
        quality, _ = encode_near(rival, image, bpp, (int(low), int(high)))
        codecs.append(TimedCodec(rival.name, rival.version(), rival, quality))
    return codecs


def time_codecs(codecs: list[TimedCodec], images: list[Pixels], repeats: int) -> None:
    """Take the times of all codecs, which take turns on each image. The first round warms up and does not count."""
    for timed in codecs:
        timed.clear()
    for turn in tqdm(range(repeats + 1), desc="rounds"):
        for number, image in enumerate(images):
            for timed in codecs:
                if timed.name in SLOW and (turn, number) != (1, 0):
                    continue
                begin = time.perf_counter()
                data = timed.codec.encode(image, timed.quality)
                middle = time.perf_counter()
                decoded = timed.codec.decode(data)
                end = time.perf_counter()
                if turn:
                    timed.seconds["encode"][number].append(middle - begin)
                    timed.seconds["decode"][number].append(end - middle)
                    timed.points[number] = bits_per_pixel(data, image), psnr(image, decoded)


def speed_rows(image_set: str, codecs: list[TimedCodec], images: list[Pixels], repeats: int) -> list[Row]:
    """Return the table of speeds, with ratios to that of JPEG."""
    speeds = {timed.name: (timed.speed("encode", images), timed.speed("decode", images)) for timed in codecs}
    jpeg = speeds.get("jpeg", (np.nan, np.nan))
    rows: list[Row] = []
    for timed in codecs:
        bpp, quality_db = np.mean(list(timed.points.values()), axis=0)
        encode, decode = speeds[timed.name]
        rows.append(
            {
                "image_set": image_set,
                "codec": timed.name,
                "version": timed.version,
                "quality": timed.quality,
                "bpp": round(float(bpp), 4),
                "psnr_rgb": round(float(quality_db), 3),
                "encode_mps": round(encode, 3),
                "decode_mps": round(decode, 3),
                "encode_vs_jpeg": round(encode / jpeg[0], 4),
                "decode_vs_jpeg": round(decode / jpeg[1], 4),
                "images": len(timed.points),
                "repeats": 1 if timed.name in SLOW else repeats,
            }
        )
    return rows


def time_stages(watch: Stopwatch, codec: Codec, quality: int, images: list[Pixels], repeats: int) -> Stages:
    """Return the median seconds that all images together take in each stage, by direction."""
    rounds: dict[str, list[dict[str, float]]] = {"encode": [], "decode": []}

    def take(direction: str, whole: float) -> None:
        stages = watch.take()
        rounds[direction].append({**stages, "rest": whole - sum(stages.values())})

    for _ in range(repeats + 1):
        begin = time.perf_counter()
        # One tile each, because the stages of tiles that are coded at once add up to more than the time that passes.
        files = [codec.encode(image, quality, tile_size=MAX_TILE_SIZE) for image in images]
        middle = time.perf_counter()
        take("encode", middle - begin)
        begin = time.perf_counter()
        for data in files:
            codec.decode(data)
        take("decode", time.perf_counter() - begin)
    return {
        direction: {stage: statistics.median(each[stage] for each in timed[1:]) for stage in timed[0]}
        for direction, timed in rounds.items()
    }


@cache
def macs_per_pixel(model: str) -> dict[str, float]:
    """Return the multiplications per pixel of each network of a model."""
    architecture = load_model(model).card["config"]["architecture"]
    return multiply_accumulates(TypeAdapter(NetworkConfig).validate_python(architecture))


def stage_rows(
    image_set: str, model: str, engine: str, precision: str, quality: int, images: list[Pixels], repeats: int
) -> list[Row]:
    """Return how the time of one engine and precision is spent, and how fast its networks multiply."""
    macs = macs_per_pixel(model)
    pixels = sum(image.shape[0] * image.shape[1] for image in images)
    watch = Stopwatch()
    with watched_codec(watch, model, engine, precision) as codec:
        stages = time_stages(watch, codec, quality, images, repeats)
    # Measured right after, because the speed of a machine that others use, too, changes within minutes.
    peaks = {name: matmul_gflops(engine, name) for name in {"fp32", precision}}
    rows: list[Row] = []
    for direction, medians in stages.items():
        for stage, seconds in medians.items():
            count = macs.get(stage)
            gflops = count and 2 * count * pixels / 1e9 / seconds
            peak = count and peaks["fp32" if stage in EXACT else precision]
            rows.append(
                {
                    "image_set": image_set,
                    "engine": engine,
                    "precision": precision,
                    "direction": direction,
                    "stage": stage,
                    "ms_per_mp": round(1e9 * seconds / pixels, 3),
                    "share_percent": round(100 * seconds / sum(medians.values()), 2),
                    "kmac_per_pixel": _rounded(count and count / 1000, 3),
                    "gflops": _rounded(gflops, 1),
                    "matmul_gflops": _rounded(peak, 1),
                    "of_matmul_percent": _rounded(gflops and peak and 100 * gflops / peak, 1),
                }
            )
    return rows


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(number, digits)


@click.command()
@click.option("--images", "folder", type=PATH, default=KODAK, help="Folder of PNG images.")
@click.option("--limit", type=click.IntRange(1), default=24, show_default=True, help="Largest number of images.")
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True, help="Number of timed rounds.")
@click.option("--bpp", type=float, default=0.4, show_default=True, help="Bits per pixel that every codec is set to.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Name or path of a model.")
@click.option("--rivals", default=",".join(RIVALS), show_default=True, help="Codecs to compare with.")
@click.option(
    "--large", type=(int, int), default=FULL_HD, show_default=True, help="Height and width of the second set."
)
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the tables.")
def main(
    folder: Path,
    limit: int,
    repeats: int,
    bpp: float,
    model: str,
    rivals: str,
    large: tuple[int, int],
    out: Path,
) -> None:
    """Measure the speed of encoding and decoding."""
    images = read_folder(folder, limit)
    height, width = large
    stitched = mosaic(images, height, width)
    sets = {folder.name: images, f"{folder.name} mosaic {width}x{height}": [stitched]}
    codecs = open_codecs(model, rivals.split(","), stitched, bpp)
    speeds: list[Row] = []
    stages: list[Row] = []
    for image_set, pictures in sets.items():
        time_codecs(codecs, pictures, repeats)
        speeds += speed_rows(image_set, codecs, pictures, repeats)
        for engine, precision in precisions():
            quality = codecs[0].quality
            stages += stage_rows(image_set, model, engine, precision, quality, pictures, repeats)
    write_csv(out / "speed.csv", speeds)
    write_csv(out / "stages.csv", stages)
    click.echo(f"{markdown(speeds)}\n\n{markdown(stages)}")


if __name__ == "__main__":
    main()
