"""The cost of several methods to code for machines: ``python benchmarks/cost.py``.

All codecs take turns on Kodak images, with one thread each, near the same rate. The encoding time of a codec with a
region of interest includes the recognizer that finds the region. ``README.md`` explains the columns.
"""

from pathlib import Path

import click
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from fovea.baselines import Pixels
from fovea.evaluation import ROI_SUFFIX, CodecSpec, find_codec
from fovea.networks import decoding, encoding
from fovea.training import OnnxNetwork, read_onnx
from images import KODAK, RESULTS, SHARED, read_folder
from measure import encode_near
from speed import TimedCodec, macs_per_pixel, time_codecs
from tables import Row, markdown, write_csv

MODELS = SHARED / "models"
MODELS_UNDER_TEST = ("fovea-s", "fovea-s-object-mse", "fovea-s-task", "fovea-s-mse")
ROI_RECOGNIZERS = ("yolox_nano", "yolov8n-seg")
WITH_ROI = tuple(f"fovea-s-roi{ROI_SUFFIX}:{MODELS / name}.onnx" for name in ROI_RECOGNIZERS)
CODECS = (*MODELS_UNDER_TEST, *WITH_ROI, "hevc:medium", "vvc:fast")
PATH = click.Path(path_type=Path)


def multiplications(spec: CodecSpec, pixels: int) -> tuple[float, float] | None:
    """Return thousands of multiplications per pixel, to encode and to decode; None for a codec without networks.

    Args:
        spec: specification of the codec.
        pixels: number of pixels of an image, because a recognizer multiplies equally often for any size.
    """
    if spec.is_baseline:
        return None
    counts = macs_per_pixel(spec.codec)
    encode, decode = (sum(side(counts).values()) for side in (encoding, decoding))
    finding = _of_recognizer(Path(spec.recognizer)) / pixels if spec.recognizer else 0
    return (encode + finding) / 1000, decode / 1000


def _of_recognizer(path: Path) -> float:
    """Return the multiplications of an ONNX file for one image."""
    model = read_onnx(path)
    network = OnnxNetwork(model, [output.name for output in model.graph.output])
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 3, *network.size))
    return float(counter.get_total_flops()) / 2


def opened(spec: CodecSpec, image: Pixels, bpp: float) -> TimedCodec:
    """Open a codec, at the quality whose rate on an image is nearest to the one wanted."""
    known, codec = find_codec(spec), spec.open_for(np.zeros(image.shape[:2], np.bool_))
    low, high = spec.quality_range
    quality, _ = encode_near(codec, image, bpp, (int(low), int(high)))
    return TimedCodec(known.name, known.version, codec, quality)


@click.command()
@click.option("--codecs", default=",".join(CODECS), help="As for fovea eval.  [default: models of Fovea, HEVC and VVC]")
@click.option("--images", "folder", type=PATH, default=KODAK, help="Folder of PNG images.")
@click.option("--limit", type=click.IntRange(1), default=8, show_default=True, help="Largest number of images.")
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True, help="Number of timed rounds.")
@click.option("--bpp", type=float, default=0.2, show_default=True, help="Bits per pixel that every codec is set to.")
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the table.")
def main(codecs: str, folder: Path, limit: int, repeats: int, bpp: float, out: Path) -> None:
    """Measure the cost of methods to code for machines."""
    images = read_folder(folder, limit)
    specs = [CodecSpec.parse(text) for text in codecs.split(",")]
    timed = [opened(spec, images[0], bpp) for spec in specs]
    time_codecs(timed, images, repeats)
    rows: list[Row] = []
    for spec, codec in zip(specs, timed, strict=True):
        macs = multiplications(spec, images[0].shape[0] * images[0].shape[1])
        rate, _ = np.mean(list(codec.points.values()), axis=0)
        rows.append(
            {
                "codec": codec.name,
                "version": codec.version,
                "quality": codec.quality,
                "bpp": round(float(rate), 4),
                "encode_kmac_per_pixel": macs and round(macs[0], 2),
                "decode_kmac_per_pixel": macs and round(macs[1], 2),
                "encode_mps": round(codec.speed("encode", images), 3),
                "decode_mps": round(codec.speed("decode", images), 3),
                "images": len(codec.points),
            }
        )
    write_csv(out / "cost.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
