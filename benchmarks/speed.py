"""Speed of whole calls, and where the time goes: ``python benchmarks/speed.py``.

All codecs take turns on every image, so that a busy moment of the machine hits them all. Each codes near the
same rate; a first round warms up and does not count. ``README.md`` explains the columns.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import numpy as np
from images import FULL_HD, KODAK, RESULTS, mosaic, read_folder
from measure import bits_per_pixel, encode_near, psnr
from probes import Stopwatch, macs_per_pixel, watched_codec
from tables import Row, markdown, write_csv
from tqdm import tqdm

from fovea.baselines import Codec as AnyCodec
from fovea.baselines import Picture, get
from fovea.codec import DEFAULT_MODEL, Codec
from fovea.engine import engine_names

RIVALS = ("jpeg", "webp", "avif:6", "hevc:medium", "vvc:fast")
SLOW = ("vvc:fast",)
"""Timed on the first image alone, once: seconds a megapixel."""
MATMUL = 2048
"""Sides of the matrices whose product is the practical peak of the machine."""


@dataclass
class Contender:
    """One codec in the race.

    Attributes:
        seconds: of "encode" and "decode", for each image number the time of every round.
        points: bits per pixel and PSNR of each image number.
    """

    name: str
    version: str
    codec: AnyCodec
    quality: int
    seconds: dict[str, dict[int, list[float]]] = field(
        default_factory=lambda: {"encode": defaultdict(list), "decode": defaultdict(list)}
    )
    points: dict[int, tuple[float, float]] = field(default_factory=dict)

    def speed(self, direction: str, images: list[Picture]) -> float:
        """Megapixels a second: all pixels over the sum of each image's median time."""
        times = self.seconds[direction]
        pixels = sum(images[number].shape[0] * images[number].shape[1] for number in times)
        return pixels / 1e6 / sum(statistics.median(rounds) for rounds in times.values())


def precisions() -> list[tuple[str, str]]:
    """Engines and precisions that this machine has."""
    found = [(engine, "fp32") for engine in engine_names()]
    if "openvino" in engine_names():
        import openvino

        # Without such units OpenVINO falls back to fp32 silently: that would be no measurement.
        units = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        found += [("openvino", name) for name in ("bf16", "fp16") if name.upper() in units]
    return found


def enter(model: str, rivals: list[str], image: Picture, bpp: float) -> list[Contender]:
    """All codecs that can run here, each at the quality that comes nearest to a rate on one image."""
    contenders = []
    for engine, precision in precisions():
        codec = Codec(model, engine, precision)
        quality, _ = encode_near(codec, image, bpp)
        contenders.append(
            Contender(f"{codec.name} {engine} {precision}", codec.model.id.hex(), codec, quality)
        )
    for spec in rivals:
        rival = get(spec, threads=contenders[0].codec.engine.threads)  # type: ignore[attr-defined]
        if reason := rival.available():
            click.echo(f"skipped: {reason}", err=True)
            continue
        low, high = rival.quality_range
        quality, _ = encode_near(rival, image, bpp, (int(low), int(high)))
        contenders.append(Contender(rival.name, rival.version(), rival, quality))
    return contenders


def race(contenders: list[Contender], images: list[Picture], repeats: int) -> None:
    """Times all contenders in turns; the first round warms up."""
    for turn in tqdm(range(repeats + 1), desc="rounds"):
        for number, image in enumerate(images):
            for runner in contenders:
                if runner.name in SLOW and (turn, number) != (1, 0):
                    continue
                begin = time.perf_counter()
                data = runner.codec.encode(image, runner.quality)
                middle = time.perf_counter()
                decoded = runner.codec.decode(data)
                end = time.perf_counter()
                if turn:
                    runner.seconds["encode"][number].append(middle - begin)
                    runner.seconds["decode"][number].append(end - middle)
                    runner.points[number] = bits_per_pixel(data, image), psnr(image, decoded)


def speed_rows(image_set: str, contenders: list[Contender], images: list[Picture], repeats: int) -> list[Row]:
    """The table of a race, with ratios to JPEG's speed."""
    speeds = {
        runner.name: (runner.speed("encode", images), runner.speed("decode", images)) for runner in contenders
    }
    jpeg = speeds.get("jpeg", (np.nan, np.nan))
    rows: list[Row] = []
    for runner in contenders:
        bpp, quality_db = np.mean(list(runner.points.values()), axis=0)
        encode, decode = speeds[runner.name]
        rows.append(
            {
                "image_set": image_set,
                "codec": runner.name,
                "version": runner.version,
                "quality": runner.quality,
                "bpp": round(float(bpp), 4),
                "psnr_rgb": round(float(quality_db), 3),
                "encode_mps": round(encode, 3),
                "decode_mps": round(decode, 3),
                "encode_vs_jpeg": round(encode / jpeg[0], 4),
                "decode_vs_jpeg": round(decode / jpeg[1], 4),
                "images": len(runner.points),
                "repeats": 1 if runner.name in SLOW else repeats,
            }
        )
    return rows


def matmul_gflops(precision: str) -> float | None:
    """Speed of one large matrix product; None for a precision that nothing here can multiply."""
    multiply: Callable[[], Any]
    if precision == "fp32":
        matrix = np.random.default_rng(0).random((MATMUL, MATMUL), np.float32)
        multiply = lambda: matrix @ matrix  # noqa: E731
    elif find_spec("torch"):
        import torch

        tensor = torch.rand(MATMUL, MATMUL).to({"bf16": torch.bfloat16, "fp16": torch.float16}[precision])
        multiply = lambda: tensor @ tensor  # noqa: E731
    else:
        return None
    times = []
    for _ in range(8):
        begin = time.perf_counter()
        multiply()
        times.append(time.perf_counter() - begin)
    return 2 * MATMUL**3 / 1e9 / statistics.median(times[1:])


def stage_rows(
    image_set: str, model: str, engine: str, precision: str, quality: int, images: list[Picture], repeats: int
) -> list[Row]:
    """Where the time of one engine and precision goes, and how fast its networks multiply."""
    macs, peak = macs_per_pixel(model), matmul_gflops(precision)
    pixels = sum(image.shape[0] * image.shape[1] for image in images)
    rounds: dict[str, list[dict[str, float]]] = {"encode": [], "decode": []}
    watch = Stopwatch()
    with watched_codec(watch, model, engine, precision) as codec:
        for turn in range(repeats + 1):
            files: list[bytes] = []
            work: dict[str, Callable[[], Any]] = {
                "encode": lambda: files.extend(codec.encode(image, quality) for image in images),
                "decode": lambda: [codec.decode(data) for data in files],
            }
            for direction, run in work.items():
                begin = time.perf_counter()
                run()
                whole = time.perf_counter() - begin
                stages = watch.take()
                if turn:
                    rounds[direction].append({**stages, "rest": whole - sum(stages.values())})
    rows: list[Row] = []
    for direction, measured in rounds.items():
        medians = {stage: statistics.median(each[stage] for each in measured) for stage in measured[0]}
        for stage, seconds in medians.items():
            count = macs[direction].get(stage)
            gflops = None if count is None else 2 * count * pixels / 1e9 / seconds
            rows.append(
                {
                    "image_set": image_set,
                    "engine": engine,
                    "precision": precision,
                    "direction": direction,
                    "stage": stage,
                    "ms_per_mp": round(1e9 * seconds / pixels, 3),
                    "share_percent": round(100 * seconds / sum(medians.values()), 2),
                    "kmac_per_pixel": None if count is None else round(count / 1000, 3),
                    "gflops": None if gflops is None else round(gflops, 1),
                    "matmul_gflops": None if peak is None else round(peak, 1),
                    "of_matmul_percent": None
                    if gflops is None or peak is None
                    else round(100 * gflops / peak, 1),
                }
            )
    return rows


@click.command()
@click.option(
    "--images", "folder", type=click.Path(path_type=Path), default=KODAK, help="Folder of PNG images."
)
@click.option("--limit", type=click.IntRange(1), default=24, help="At most so many images.")
@click.option("--repeats", type=click.IntRange(1), default=5, help="Rounds that count.")
@click.option("--bpp", type=float, default=0.4, help="Rate that every codec is set to.")
@click.option("--model", default=DEFAULT_MODEL, help="Name or path of a model.")
@click.option("--rivals", default=",".join(RIVALS), help="Codecs to compare with.")
@click.option("--large", type=(int, int), default=FULL_HD, help="Height and width of the second set.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, help="Folder for the tables.")
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
    sets = {
        folder.name: images,
        f"{folder.name} mosaic {width}x{height}": [mosaic(images, height, width)],
    }
    speeds: list[Row] = []
    stages: list[Row] = []
    for image_set, pictures in sets.items():
        contenders = enter(model, rivals.split(","), pictures[0], bpp)
        race(contenders, pictures, repeats)
        speeds += speed_rows(image_set, contenders, pictures, repeats)
        for engine, precision in precisions():
            quality = contenders[0].quality
            stages += stage_rows(image_set, model, engine, precision, quality, pictures, repeats)
    write_csv(out / "speed.csv", speeds)
    write_csv(out / "stages.csv", stages)
    click.echo(f"{markdown(speeds)}\n\n{markdown(stages)}")


if __name__ == "__main__":
    main()
