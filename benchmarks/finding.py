"""Measure how well encoders and finders find the objects that a recognizer detects.

Run ``python benchmarks/finding.py CHECKPOINT... -r a.onnx``. Nothing is coded: the objectness of each encoder, or the
finder, runs on whole images. ``README.md`` explains the columns.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean

import click
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from fovea.coding.finding import Finder
from fovea.engine import create_engine
from fovea.networks import CodecNetwork, export_finder
from fovea.recognition import Recognizer, load
from fovea.spec import STRIDE
from fovea.training import Checkpoint, load_checkpoint, load_finder, read_run, share_bits, split_images
from fovea.training.data.pseudo_labels import LOWEST_SCORE, soft_mask
from images import COCO_IMAGES, RESULTS, evenly_spaced
from tables import Row, markdown, write_csv

QUALITY = 30
_WHOLE = 4 * STRIDE
"""Images are cropped to multiples of this many pixels, so that no padding is needed."""
PATH = click.Path(path_type=Path, exists=True)
Find = Callable[[Tensor], Tensor]
"""Function from an image, uint8 [1, 3, H, W], to the logits of its objects, [1, 1, H/16, W/16]."""


def labeled(
    paths: list[Path], recognizer: Recognizer, side: int, score_threshold: float
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield images, uint8 [1, 3, H, W], and their soft masks [1, 1, H/16, W/16], 0..1.

    Args:
        paths: image files.
        recognizer: recognizer whose detections are the mask.
        side: longer side in pixels to which images are scaled; 0 leaves them as they are.
        score_threshold: score from which on a detection counts fully.
    """
    for path in tqdm(paths, desc=f"{side} pixels"):
        image = Image.open(path).convert("RGB")
        scale = side / max(image.size) if side else 1
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
        width, height = (length // _WHOLE * _WHOLE for length in image.size)
        pixels = np.array(image.crop((0, 0, width, height)))
        (detections,) = recognizer.predict([pixels])
        share = torch.from_numpy(soft_mask(detections, height, width, score_threshold))
        yield torch.from_numpy(pixels).permute(2, 0, 1)[None], F.max_pool2d(share[None, None], STRIDE)


def finding(checkpoint: Path) -> Find:
    """Return what the encoder of a checkpoint, or its finder, finds on an image."""
    if "teachers" in Checkpoint.read(checkpoint).config:
        finder = Finder(create_engine(threads=1), export_finder(load_finder(checkpoint)))
        return lambda image: found_by_finder(finder, image)
    network = load_checkpoint(checkpoint).network.eval()
    return lambda image: found_by_encoder(network, image)


def found_by_finder(finder: Finder, image: Tensor) -> Tensor:
    """Return the logits at the positions of the latent of the image at its own size."""
    height, width = image.shape[2:]
    return torch.from_numpy(finder.find(image[0].permute(1, 2, 0).numpy()).at(height, width))[None, None]


@torch.no_grad()
def found_by_encoder(network: CodecNetwork, image: Tensor) -> Tensor:
    """Return the logits of the objects that an encoder finds."""
    _, logits = network.analyze(image.float(), torch.tensor([QUALITY]))
    if logits is None:
        raise click.ClickException("this network has no objectness")
    return logits


def measure(name: str, find: Find, images: list[tuple[Tensor, Tensor]]) -> Row:
    """Return the row of a checkpoint: how well it finds the objects."""
    logits = [find(image) for image, _ in images]
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


def held_out(folder: Path, config: Path, limit: int) -> list[Path]:
    """Return images of a folder that a configuration holds out, evenly spaced in the order of their names."""
    _, images = split_images(read_run(config).data)
    paths = sorted(image.path for image in images if image.path.parent.resolve() == folder.resolve())
    if not paths:
        raise click.ClickException(f"{config} holds out no image of {folder}")
    return evenly_spaced(paths, limit)


@click.command()
@click.argument("checkpoints", type=PATH, nargs=-1, required=True)
@click.option("-r", "--recognizer", type=PATH, required=True, help="Recognizer whose detections count as the objects.")
@click.option(
    "--images", "folders", type=PATH, multiple=True, default=[COCO_IMAGES], help="Folder of images; may be repeated."
)
@click.option(
    "--held-out-by", type=PATH, help="Take only images that this configuration of a finder holds out, evenly spaced."
)
@click.option("--limit", type=int, default=60, show_default=True, help="Number of images, in the order of their names.")
@click.option(
    "--sides",
    default="640,440",
    show_default=True,
    help="Longer sides in pixels to which images are scaled; 0 leaves them as they are.",
)
@click.option(
    "--score-threshold", default=0.25, show_default=True, help="Score from which on a detection counts fully."
)
@click.option("--table", default="finding", show_default=True, help="Name of the table.")
@click.option("--out", type=Path, default=RESULTS, help="Folder for the table.")
def main(
    checkpoints: tuple[Path, ...],
    recognizer: Path,
    folders: tuple[Path, ...],
    held_out_by: Path | None,
    limit: int,
    sides: str,
    score_threshold: float,
    table: str,
    out: Path,
) -> None:
    """Measure the cross entropy, in bits per position, of the objects that a recognizer detects."""
    torch.set_num_threads(1)
    detector = load(recognizer, threads=1, threshold=LOWEST_SCORE)
    finders = [(path.stem, finding(path)) for path in checkpoints]
    rows: list[Row] = []
    for folder in folders:
        paths = held_out(folder, held_out_by, limit) if held_out_by else sorted(folder.iterdir())[:limit]
        for side in map(int, sides.split(",")):
            images = list(labeled(paths, detector, side, score_threshold))
            rows += [
                {"folder": "/".join(folder.parts[-2:]), "side": side, **measure(name, find, images)}
                for name, find in finders
            ]
    write_csv(out / f"{table}.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
