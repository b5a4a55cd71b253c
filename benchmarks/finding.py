"""Measure how well encoders find the objects that a recognizer detects.

Run ``python benchmarks/finding.py CHECKPOINT... -r a.onnx``. Nothing is coded: the objectness of each encoder runs on
whole images. ``README.md`` explains the columns.
"""

from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import click
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from fovea.networks import CodecNetwork
from fovea.recognition import Recognizer, load
from fovea.spec import STRIDE
from fovea.training import load_checkpoint, share_bits
from fovea.training.data.pseudo_labels import LOWEST_SCORE, soft_mask
from images import COCO_IMAGES, RESULTS
from tables import Row, markdown, write_csv

QUALITY = 30
_WHOLE = 4 * STRIDE
"""Images are cropped to multiples of this many pixels, so that no padding is needed."""
PATH = click.Path(path_type=Path, exists=True)


def labeled(
    paths: list[Path], recognizer: Recognizer, side: int, score_threshold: float
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield images [1, 3, H, W] with this longer side in pixels, and their soft masks [1, 1, H/16, W/16], 0..1."""
    for path in tqdm(paths, desc=f"{side} pixels"):
        image = Image.open(path).convert("RGB")
        scale = side / max(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
        width, height = (length // _WHOLE * _WHOLE for length in image.size)
        pixels = np.array(image.crop((0, 0, width, height)))
        (detections,) = recognizer.predict([pixels])
        share = torch.from_numpy(soft_mask(detections, height, width, score_threshold))
        yield torch.from_numpy(pixels).permute(2, 0, 1)[None].float(), F.max_pool2d(share[None, None], STRIDE)


@torch.no_grad()
def found(network: CodecNetwork, image: Tensor) -> Tensor:
    """Return the logits of the objects that an encoder finds on an image."""
    _, logits = network.analyze(image, torch.tensor([QUALITY]))
    if logits is None:
        raise click.ClickException("this network has no objectness")
    return logits


def measure(name: str, network: CodecNetwork, images: list[tuple[Tensor, Tensor]]) -> Row:
    """Return the row of a network: how well it finds the objects."""
    logits = [found(network, image) for image, _ in images]
    shares = [share for _, share in images]
    flat = torch.cat([guess.sigmoid().flatten() for guess in logits])
    truth = torch.cat([share.flatten() for share in shares])
    return {
        "checkpoint": name,
        "images": len(images),
        "bits_missed": round(fmean(share_bits(*pair).item() for pair in zip(logits, shares, strict=True)), 4),
        "probability_on_objects": round(flat[truth == 1].mean().item(), 3),
        "probability_elsewhere": round(flat[truth == 0].mean().item(), 3),
    }


@click.command()
@click.argument("checkpoints", type=PATH, nargs=-1, required=True)
@click.option("-r", "--recognizer", type=PATH, required=True, help="Recognizer whose detections count as the objects.")
@click.option("--images", "folder", type=PATH, default=COCO_IMAGES, help="Folder of images.")
@click.option("--limit", type=int, default=60, show_default=True, help="Number of images, in the order of their names.")
@click.option(
    "--sides", default="640,440", show_default=True, help="Longer sides in pixels to which images are scaled."
)
@click.option(
    "--score-threshold", default=0.25, show_default=True, help="Score from which on a detection counts fully."
)
@click.option("--out", type=Path, default=RESULTS, help="Folder for the table.")
def main(
    checkpoints: tuple[Path, ...],
    recognizer: Path,
    folder: Path,
    limit: int,
    sides: str,
    score_threshold: float,
    out: Path,
) -> None:
    """Measure the cross entropy, in bits per position, of the objects that a recognizer detects."""
    torch.set_num_threads(1)
    detector = load(recognizer, threads=1, threshold=LOWEST_SCORE)
    networks = [(path.stem, load_checkpoint(path).network.eval()) for path in checkpoints]
    paths = sorted(folder.iterdir())[:limit]
    rows: list[Row] = []
    for side in map(int, sides.split(",")):
        images = list(labeled(paths, detector, side, score_threshold))
        rows += [{"side": side, **measure(name, network, images)} for name, network in networks]
    write_csv(out / "finding.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
