"""Measure what an encoder would save if it knew all objects.

Run ``python benchmarks/oracle.py --recognizers a.onnx,b.onnx --segmenter c.onnx``. A model trained for the mean
squared error codes each image at several qualities. A scheme then takes each position from one of them, according to
the labels. Nothing is trained. ``README.md`` explains the columns.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from fovea.baselines import Pixels
from fovea.codec import Codec
from fovea.datasets import Dataset, DatasetImage, load_dataset, region
from fovea.recognition import Recognizer, Result, complete, load, match, to_results
from fovea.spec import STRIDE
from images import COCO_BOXES, COCO_IMAGES, RESULTS
from probes import bit_maps
from tables import Row, markdown, write_csv

SMALL = 48**2
"""Number of pixels below which an object counts as small here."""
PATH = click.Path(path_type=Path)


class Scheme(NamedTuple):
    """The qualities of large objects, of small objects and of all that lies outside objects."""

    large: int
    small: int
    outside: int
    area: str = "boxes"
    """The area of an object: its box, its label (the mask where it has one), or the mask of a segmenter."""


SCHEMES = (
    *(Scheme(quality, quality, quality) for quality in (20, 35, 45, 60)),
    *(Scheme(60, 60, outside) for outside in (45, 30, 15, 0)),
    Scheme(35, 35, 0),
    *(Scheme(quality, quality, 0, area) for area in ("labels", "masks") for quality in (35, 60)),
    Scheme(35, 60, 0, "masks"),
    Scheme(45, 75, 0, "masks"),
)


class Coded(NamedTuple):
    """An image at one quality."""

    decoded: Pixels
    bits: NDArray[np.float64]
    """[h, w] of each latent position."""


def code(codec: Codec, image: Pixels, quality: int) -> Coded:
    """Code an image, and return how many bits each position takes."""
    with bit_maps() as maps:
        data = codec.encode(image, quality)
    (bits,) = maps  # images of COCO are one tile
    return Coded(codec.decode(data), bits)


def areas(dataset: Dataset, image: DatasetImage) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the pixels of large and of small objects, bool [H, W] each."""
    large, small = np.zeros((2, image.height, image.width), np.bool_)
    for annotation in dataset.by_image[image.id]:
        inside = region(annotation, image)
        (small if inside.sum() < SMALL else large)[inside] = True
    return large, small


def compose(scheme: Scheme, coded: Mapping[int, Coded], large: NDArray[np.bool_], small: NDArray[np.bool_]) -> Coded:
    """Compose an image according to a scheme. Where large and small objects overlap, the small ones decide."""
    decoded, bits = coded[scheme.outside]
    for inside, quality in ((large, scheme.large), (small, scheme.small)):
        decoded = np.where(inside[..., None], coded[quality].decoded, decoded)
        height, width = bits.shape
        padded = np.pad(inside, ((0, height * STRIDE - inside.shape[0]), (0, width * STRIDE - inside.shape[1])))
        touched = padded.reshape(height, STRIDE, width, STRIDE).any(axis=(1, 3))
        bits = np.where(touched, coded[quality].bits, bits)
    return Coded(decoded, bits)


def versions(dataset: Dataset, segmenter: Recognizer) -> dict[str, Dataset]:
    """Return the data set with each kind of area of the objects."""
    boxes = tuple(replace(annotation, segmentation=None) for annotation in dataset.annotations)
    categories = dataset.category_ids(segmenter.classes)
    masks = [
        annotation
        for image in tqdm(dataset.images, desc="masks")
        for annotation in complete(dataset.by_image[image.id], segmenter.predict([image.load()])[0], categories)
    ]
    return {
        "boxes": replace(dataset, annotations=boxes),
        "labels": dataset,
        "masks": replace(dataset, annotations=tuple(masks)),
    }


@click.command()
@click.option("--recognizers", required=True, help="Detectors, with commas between them.")
@click.option("--segmenter", required=True, help="Segmenter that gives the masks that the labels lack.")
@click.option("--model", default="fovea-s-mse", show_default=True, help="A model that is not trained on objects.")
@click.option("--data", type=PATH, default=COCO_BOXES, help="COCO json.")
@click.option("--images", "folder", type=PATH, default=COCO_IMAGES, help="Folder of its images.")
@click.option("--count", type=click.IntRange(1), default=100, show_default=True, help="Number of images.")
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the table.")
def main(recognizers: str, segmenter: str, model: str, data: Path, folder: Path, count: int, out: Path) -> None:
    """Measure accuracy and rate with perfect knowledge of the objects."""
    dataset = load_dataset(data, folder).limit(count)
    known, codec = versions(dataset, load(segmenter, threshold=0.1)), Codec(model)
    loaded = [load(spec) for spec in recognizers.split(",")]
    categories = [dataset.category_ids(one.classes) for one in loaded]
    results: dict[tuple[Scheme | None, str], list[Result]] = {
        (scheme, one.name): [] for scheme in (None, *SCHEMES) for one in loaded
    }
    bits = dict.fromkeys(SCHEMES, 0.0)

    def recognize(scheme: Scheme | None, image: DatasetImage, picture: Pixels) -> None:
        for one, numbers in zip(loaded, categories, strict=True):
            results[scheme, one.name] += to_results(one.predict([picture])[0], image.id, numbers)

    for image in tqdm(dataset.images, desc="images"):
        picture = image.load()
        recognize(None, image, picture)
        qualities = {quality for scheme in SCHEMES for quality in scheme[:3]}
        coded = {quality: code(codec, picture, quality) for quality in qualities}
        for scheme in SCHEMES:
            made = compose(scheme, coded, *areas(known[scheme.area], image))
            bits[scheme] += float(made.bits.sum())
            recognize(scheme, image, made.decoded)
    pixels = sum(image.width * image.height for image in dataset.images)
    rows: list[Row] = []
    for made_by in (None, *SCHEMES):
        shown = dict.fromkeys(Scheme._fields) if made_by is None else made_by._asdict()
        scores = {}
        for one, numbers in zip(loaded, categories, strict=True):
            score = match(dataset, results[made_by, one.name], "box", numbers).score
            scores[f"{one.name}_ap"] = round(100 * score.ap, 2)
            scores[f"{one.name}_ap_small"] = round(100 * score.small, 2)
        rows.append({**shown, "bpp": round(bits[made_by] / pixels, 4) if made_by else None, **scores})
    write_csv(out / "oracle.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
