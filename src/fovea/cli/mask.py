"""``fovea mask``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from fovea.cli.failures import needs_extra, report
from fovea.cli.files import writing
from fovea.cli.options import debug_option

if TYPE_CHECKING:
    from fovea.recognition import Annotation, DatasetImage


@click.command("mask")
@click.argument("images", metavar="IMAGES", type=click.Path(path_type=Path, file_okay=False))
@click.option("-r", "--recognizer", metavar="R", required=True, help=".onnx or .yaml file, or a name of the registry.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="COCO json to write.")
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="Labels of the images, whose boxes get masks: COCO .json, YOLO .yaml, or a folder of Pascal VOC .xml files.",
)
@click.option(
    "--threshold", type=click.FloatRange(0, 1), default=0.3, show_default=True, help="Lowest score of an object."
)
@debug_option
@click.pass_context
def mask_command(
    context: click.Context, images: Path, recognizer: str, out: Path, labels: Path | None, threshold: float
) -> None:
    """Mark the objects on images, to train a codec on them.

    IMAGES is a folder. What the recognizer sees becomes the labels; where there are labels already, those that have
    only a box get the mask that fits them. Prints the path of the json.
    """
    with needs_extra("eval"):
        from fovea.datasets import find_images, image_header
        from fovea.recognition import Dataset, load, load_dataset
        from fovea.recognition.labeling import coco_json, complete, label

    known = load_dataset(labels, images) if labels else Dataset(images.name, (), (), {})
    for note in known.notes:
        click.echo(f"fovea: {note}", err=True)
    loaded = load(recognizer, threshold=threshold)
    categories = known.category_ids(loaded.classes)
    # A labeled set names its images; in a folder each may turn out to be none.
    headers = [partial(_same, image) for image in known.images] or [
        partial(image_header, path, number) for number, path in enumerate(find_images(images), 1)
    ]
    kept: list[DatasetImage] = []
    annotations: list[Annotation] = []
    failed = 0
    for header in tqdm(headers, unit="image", disable=None):
        try:
            image = header()
            (found,) = loaded.predict([image.load()])
        except Exception as error:
            report(error)
            failed += 1
            continue
        kept.append(image)
        made = complete(known.by_image[image.id], found, categories) if labels else label(image, found, categories)
        annotations += made
    names = known.categories if labels else _names(categories, loaded.classes)
    labeled = replace(known, images=tuple(kept), annotations=tuple(annotations), categories=names)
    with writing(out) as file:
        file.write(coco_json(labeled, images).encode())
    masked = sum(annotation.segmentation is not None for annotation in annotations)
    click.echo(f"{len(kept)} images, {len(annotations)} objects, {masked} with masks", err=True)
    click.echo(click.format_filename(out))
    if failed:
        click.echo(f"fovea: {failed} of {len(headers)} images failed and were left out", err=True)
        context.exit(1)


def _same(image: "DatasetImage") -> "DatasetImage":
    return image


def _names(categories: Sequence[int | None], classes: Sequence[str]) -> Mapping[int, str]:
    return {number: name for number, name in zip(categories, classes, strict=True) if number is not None}
