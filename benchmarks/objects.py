"""Measure what training on objects changes: ``python benchmarks/objects.py --plain MODEL --object MODEL``.

Both models code the same images near the same rate. Their errors inside and outside the objects are compared.
``README.md`` explains the columns.
"""

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from tqdm import tqdm

from fovea.atomic import writing
from fovea.baselines import Codec as AnyCodec
from fovea.baselines import GuidedCodec, Pixels
from fovea.codec import DEFAULT_MODEL, Codec
from fovea.datasets import Dataset, DatasetImage, read_coco
from fovea.errors import DatasetError
from images import COCO_IMAGES, COCO_MASKS, RESULTS
from measure import bits_per_pixel, encode_near, psnr
from tables import Row, markdown, write_csv, write_text

TOLERANCE = 0.05
"""Largest logarithm of the ratio of two rates that count as equal."""
SHARES = (0, 10, 30, 60, 101)
"""Bounds of groups of images by the percentage that is object: the less it is, the more can be gained."""
CELL = 420
"""Width of an image in the grid, in pixels."""
CAPTION = 18
PATH = click.Path(path_type=Path)


class Result(NamedTuple):
    """One image, coded by one model.

    Attributes:
        decoded: uint8 [H, W, 3].
        quality: quality of the model.
        bpp: bits per pixel.
        inside: PSNR on the objects in dB.
        outside: PSNR around the objects in dB.
    """

    decoded: Pixels
    quality: int
    bpp: float
    inside: float
    outside: float


def choose(data: Dataset, count: int) -> list[tuple[DatasetImage, NDArray[np.bool_]]]:
    """Choose images spread evenly over a data set, with their masks; leave out those without object or background."""
    masked = [(image, data.object_mask(image)) for image in data.images]
    fit = [(image, mask) for image, mask in masked if mask.any() and not mask.all()]
    if not fit:
        raise DatasetError("no image has both an object and a background", path=data.name)
    numbers = np.linspace(0, len(fit) - 1, min(count, len(fit))).round().astype(int)
    return [fit[number] for number in numbers]


def code(codec: AnyCodec, image: Pixels, mask: NDArray[np.bool_], bpp: float) -> Result:
    """Code an image near a rate."""
    quality, data = encode_near(codec, image, bpp)
    decoded = codec.decode(data)
    return Result(
        decoded, quality, bits_per_pixel(data, image), psnr(image, decoded, mask), psnr(image, decoded, ~mask)
    )


def guided(codec: Codec, mask: NDArray[np.bool_]) -> AnyCodec:
    """Return a codec whose encoder is given the map of the objects."""
    return GuidedCodec(codec, lambda _: mask)


def row(name: str, share: float, plain: Result, objects: Result) -> Row:
    """Return a line of the table."""
    ratio = objects.bpp / plain.bpp
    return {
        "image": name,
        "object_percent": round(100 * share, 1),
        "quality_plain": plain.quality,
        "quality_object": objects.quality,
        "bpp_plain": round(plain.bpp, 4),
        "bpp_object": round(objects.bpp, 4),
        "inside_plain": round(plain.inside, 2),
        "inside_object": round(objects.inside, 2),
        "inside_gain": round(objects.inside - plain.inside, 2),
        "outside_plain": round(plain.outside, 2),
        "outside_object": round(objects.outside, 2),
        "outside_gain": round(objects.outside - plain.outside, 2),
        "note": "" if abs(np.log(ratio)) <= TOLERANCE else "the rates differ",
    }


def mean_row(rows: list[Row]) -> Row:
    """Return the means over the images."""

    def mean(column: str) -> object:
        if column in ("image", "note"):
            return "mean" if column == "image" else f"{sum(bool(r['note']) for r in rows)} at unequal rates"
        return round(float(np.mean([float(str(r[column])) for r in rows])), 4)

    return {column: mean(column) for column in rows[0]}


def by_share(rows: list[Row]) -> list[Row]:
    """Return the mean gain inside the objects, with its 95 % bootstrap interval, by the share that objects take."""
    random = np.random.default_rng(0)
    table: list[Row] = []
    for low, high in pairwise(SHARES):
        chosen = [row for row in rows if low <= float(str(row["object_percent"])) < high]
        if gains := [float(str(row["inside_gain"])) for row in chosen if not row["note"]]:
            means = random.choice(gains, (2000, len(gains))).mean(axis=1)
            table.append(
                {
                    "object_percent": f"{low} to {min(high, 100)}",
                    "images": len(gains),
                    "better": sum(gain > 0 for gain in gains),
                    "inside_gain": round(float(np.mean(gains)), 2),
                    "from": round(float(np.percentile(means, 2.5)), 2),
                    "to": round(float(np.percentile(means, 97.5)), 2),
                }
            )
    return table


def strip(cells: list[tuple[str, Pixels]]) -> Image.Image:
    """Put images of one size side by side, each with a caption below."""
    height, width = cells[0][1].shape[:2]
    tall = round(CELL * height / width)
    canvas = Image.new("RGB", (len(cells) * CELL, tall + CAPTION), "white")
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(12)
    for number, (caption, picture) in enumerate(cells):
        small = Image.fromarray(picture).resize((CELL - 4, tall), Image.Resampling.LANCZOS)
        canvas.paste(small, (number * CELL, 0))
        draw.text((number * CELL + 2, tall + 2), caption, fill="black", font=font)
    return canvas


def save_grid(path: Path, strips: list[Image.Image]) -> None:
    """Stack the strips and write them as one JPEG file."""
    grid = Image.new("RGB", (strips[0].width, sum(each.height for each in strips)), "white")
    top = 0
    for each in strips:
        grid.paste(each, (0, top))
        top += each.height
    with writing(path) as file:
        grid.save(file, "JPEG", quality=90)


@click.command()
@click.option("--plain", default="fovea-s-mse", show_default=True, help="Model trained for the mean squared error.")
@click.option("--object", "objects", default=DEFAULT_MODEL, show_default=True, help="Model trained on objects.")
@click.option("--bpp", type=float, default=0.15, show_default=True, help="Bits per pixel that both are set to.")
@click.option("--data", type=PATH, default=COCO_MASKS, help="COCO json with masks.")
@click.option("--images", "folder", type=PATH, default=COCO_IMAGES, help="Folder of its images.")
@click.option(
    "--told",
    is_flag=True,
    help="Give the encoder the true masks, to see what a better detection of objects would gain.",
)
@click.option("--count", type=click.IntRange(1), default=80, show_default=True, help="Largest number of images.")
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the tables.")
@click.option("--grid", type=PATH, default=None, help="JPEG file to show the images in; keep it out of the repository.")
def main(
    plain: str,
    objects: str,
    bpp: float,
    data: Path,
    folder: Path,
    told: bool,
    count: int,
    out: Path,
    grid: Path | None,
) -> None:
    """Compare a model trained on objects with one trained for the mean squared error."""
    codecs = Codec(plain), Codec(objects)
    rows: list[Row] = []
    strips = []
    for image, mask in tqdm(choose(read_coco(data, folder), count), desc="images"):
        picture = image.load()
        second = guided(codecs[1], mask) if told else codecs[1]
        results = [code(codec, picture, mask, bpp) for codec in (codecs[0], second)]
        rows.append(row(image.path.name, float(mask.mean()), *results))
        captions = [
            f"{name}: {each.bpp:.3f} bpp, objects {each.inside:.2f} dB, around {each.outside:.2f} dB"
            for name, each in zip(("plain", "object"), results, strict=True)
        ]
        cells = zip(captions, (each.decoded for each in results), strict=True)
        strips.append(strip([(image.path.name, picture), *cells]))
    table = [*rows, mean_row(rows)]
    name = "objects_told" if told else "objects"
    write_csv(out / f"{name}.csv", table)
    wins = sum(float(str(each["inside_gain"])) > 0 for each in rows)
    names = f"{codecs[1].name} against {codecs[0].name}"
    summary = f"{names}: better inside the objects in {wins} of {len(rows)} images"
    shares = by_share(rows)
    gains = markdown(shares) if shares else "No image has files of both at equal rates."
    text = f"{markdown(table)}\n\n{summary}\n\n{gains}\n"
    write_text(out / f"{name}.md", text)
    click.echo(text)
    if grid is not None:
        save_grid(grid, strips)


if __name__ == "__main__":
    main()
