"""How much of what a recognizer sees an encoder finds: ``python benchmarks/finding.py CHECKPOINT... -r a.onnx``.

Nothing is coded: what finds objects is asked where they are, on whole images. ``README.md`` explains the columns.
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
from fovea.training.export import load_checkpoint
from fovea.training.mask_head import share_bits
from fovea.training.seen import FAINTEST, certainty
from images import COCO_IMAGES, RESULTS
from tables import Row, markdown, write_csv

QUALITY = 30
_WHOLE = 4 * STRIDE
"""Images are cut to multiples of this, so that nothing has to be padded."""
PATH = click.Path(path_type=Path, exists=True)


def seen(paths: list[Path], recognizer: Recognizer, side: int, sure: float) -> Iterator[tuple[Tensor, Tensor]]:
    """Images [1, 3, H, W] whose longer side is so many pixels, and what is seen on them, [1, 1, H/16, W/16], 0..1."""
    for path in tqdm(paths, desc=f"{side} pixels"):
        image = Image.open(path).convert("RGB")
        scale = side / max(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
        width, height = (length // _WHOLE * _WHOLE for length in image.size)
        pixels = np.array(image.crop((0, 0, width, height)))
        (detections,) = recognizer.predict([pixels])
        share = torch.from_numpy(certainty(detections, height, width, sure))
        yield torch.from_numpy(pixels).permute(2, 0, 1)[None].float(), F.max_pool2d(share[None, None], STRIDE)


@torch.no_grad()
def found(network: CodecNetwork, image: Tensor) -> Tensor:
    """Logits of what an encoder finds on an image."""
    _, logits = network.analyze(image, torch.tensor([QUALITY]))
    if logits is None:
        raise click.ClickException("this network does not look for objects")
    return logits


def measure(name: str, network: CodecNetwork, images: list[tuple[Tensor, Tensor]]) -> Row:
    """How well it finds what is seen."""
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
@click.option("-r", "--recognizer", type=PATH, required=True, help="Tells where objects are.")
@click.option("--images", "folder", type=PATH, default=COCO_IMAGES, help="Folder of images.")
@click.option("--limit", type=int, default=60, show_default=True, help="The first so many of them.")
@click.option("--sides", default="640,440", show_default=True, help="Longer sides to which they are scaled, pixels.")
@click.option("--sure", default=0.25, show_default=True, help="The score from which on the recognizer is sure.")
@click.option("--out", type=Path, default=RESULTS, help="Folder for the table.")
def main(
    checkpoints: tuple[Path, ...], recognizer: Path, folder: Path, limit: int, sides: str, sure: float, out: Path
) -> None:
    """Bits a position that encoders miss of what a recognizer sees."""
    torch.set_num_threads(1)
    eyes = load(recognizer, threads=1, threshold=FAINTEST)
    networks = [(path.stem, load_checkpoint(path).network.eval()) for path in checkpoints]
    paths = sorted(folder.iterdir())[:limit]
    rows: list[Row] = []
    for side in map(int, sides.split(",")):
        images = list(seen(paths, eyes, side, sure))
        rows += [{"side": side, **measure(name, network, images)} for name, network in networks]
    write_csv(out / "finding.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
