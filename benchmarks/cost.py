"""What each way to code for machines costs: ``python benchmarks/cost.py``.

All codecs take turns on Kodak images, one thread each, near the same rate. Encoding for the ROI-based way includes
finding the regions. ``README.md`` explains the columns.
"""

from pathlib import Path

import click
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from fovea import baselines
from fovea.baselines import Picture
from fovea.coding.registry import find_model
from fovea.evaluation.contender import FOVEA_RANGE, ROI, codec_for, contender
from fovea.networks import NetworkConfig, multiply_accumulates
from fovea.training import OnnxNetwork, read_onnx
from images import KODAK, RESULTS, SHARED, read_folder
from measure import encode_near
from speed import Contender, race
from tables import Row, markdown, write_csv

MODELS = SHARED / "models"
WAYS = ("fovea-s", "fovea-s.v1", "fovea-s-task", "fovea-s-mse")
FOUND_BY = ("yolox_nano", "yolov8n-seg")
CODECS = (*WAYS, *(f"fovea-s-roi{ROI}:{MODELS / name}.onnx" for name in FOUND_BY), "hevc:medium", "vvc:fast")
DECODER = ("scales", "means", "context", "synthesis")
ENCODER = ("analysis", "hyper_analysis", "scales", "means", "context")
PATH = click.Path(path_type=Path)


def multiplications(spec: str, pixels: int) -> tuple[float, float] | None:
    """Thousands a pixel, to encode and to decode; None for a codec without networks.

    Args:
        spec: as for ``fovea eval``.
        pixels: of an image: a recognizer takes the same for any.
    """
    base, _, seen_by = spec.partition(ROI)
    if _is_baseline(base):
        return None
    counts = multiply_accumulates(NetworkConfig(**find_model(base).card["config"]["architecture"]))
    encode, decode = (sum(counts[network] for network in networks) for networks in (ENCODER, DECODER))
    finding = _of_recognizer(Path(seen_by[1:])) / pixels if seen_by else 0
    return (encode + finding) / 1000, decode / 1000


def _is_baseline(base: str) -> bool:
    return base.partition(":")[0] in baselines.names()


def _of_recognizer(path: Path) -> float:
    """Multiplications of an ONNX file for one image."""
    model = read_onnx(path)
    network = OnnxNetwork(model, [output.name for output in model.graph.output])
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 3, *network.size))
    return float(counter.get_total_flops()) / 2


def enter(spec: str, image: Picture, bpp: float) -> Contender:
    """A codec, at the quality whose rate on an image is nearest to the one wanted."""
    known, codec = contender(spec), codec_for(spec, np.zeros(image.shape[:2], np.bool_))
    base = spec.partition(ROI)[0]
    low, high = baselines.get(base).quality_range if _is_baseline(base) else FOVEA_RANGE
    quality, _ = encode_near(codec, image, bpp, (int(low), int(high)))
    return Contender(known.name, known.version, codec, quality)


@click.command()
@click.option("--codecs", default=",".join(CODECS), help="As for fovea eval.  [default: the ways, HEVC and VVC]")
@click.option("--images", "folder", type=PATH, default=KODAK, help="Folder of PNG images.")
@click.option("--limit", type=click.IntRange(1), default=8, show_default=True, help="At most so many images.")
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True, help="Rounds that count.")
@click.option("--bpp", type=float, default=0.2, show_default=True, help="Rate that every codec is set to.")
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the table.")
def main(codecs: str, folder: Path, limit: int, repeats: int, bpp: float, out: Path) -> None:
    """Measure what the ways to code for machines cost."""
    images = read_folder(folder, limit)
    specs = codecs.split(",")
    racers = [enter(spec, images[0], bpp) for spec in specs]
    race(racers, images, repeats)
    rows: list[Row] = []
    for spec, racer in zip(specs, racers, strict=True):
        macs = multiplications(spec, images[0].shape[0] * images[0].shape[1])
        rate, _ = np.mean(list(racer.points.values()), axis=0)
        rows.append(
            {
                "codec": racer.name,
                "version": racer.version,
                "quality": racer.quality,
                "bpp": round(float(rate), 4),
                "encode_kmac_per_pixel": macs and round(macs[0], 2),
                "decode_kmac_per_pixel": macs and round(macs[1], 2),
                "encode_mps": round(racer.speed("encode", images), 3),
                "decode_mps": round(racer.speed("decode", images), 3),
                "images": len(racer.points),
            }
        )
    write_csv(out / "cost.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
