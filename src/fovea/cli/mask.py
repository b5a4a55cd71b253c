"""The verb ``fovea mask``."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from fovea.cli.failures import needs_extra, report
from fovea.cli.files import PIPE, name_of, require_pipes, writing
from fovea.cli.interruption import Interruption
from fovea.cli.options import SCORE, FilePath, debug_option, recognizer_option
from fovea.cli.outputs import keep_inputs, require_file
from fovea.cli.streams import print_note, tell
from fovea.cli.survey import Survey, survey
from fovea.picture import image_suffixes

if TYPE_CHECKING:
    from fovea.datasets import DatasetImage


@click.command("mask")
@click.argument("images", metavar="IMAGES", type=FilePath(path_type=Path, file_okay=False))
@recognizer_option
@click.option("-o", "--out", required=True, type=FilePath(path_type=Path, readable=False), help="COCO .json to write.")
@click.option(
    "--labels",
    type=FilePath(path_type=Path),
    help="Labels of the images, whose boxes get masks: COCO .json, YOLO .yaml, or a folder of Pascal VOC .xml files.",
)
@click.option("--threshold", type=SCORE, default=0.3, show_default=True, help="Lowest score of an object.")
@debug_option
@click.pass_context
def mask_command(
    context: click.Context, images: Path, recognizer: str, out: Path, labels: Path | None, threshold: float
) -> None:
    """Mark the objects on images, to train a codec on them.

    IMAGES is a folder. The detections of the recognizer become the labels; where there are labels already, those that
    have only a box get the mask that fits them. Prints the path of the json.
    """
    _require_json(out)
    with needs_extra("eval"):
        from fovea.datasets import Dataset, coco_json, find_images, image_header, load_dataset
        from fovea.recognition import Labeler, load

    known = load_dataset(labels, images) if labels else Dataset(images.name, (), (), {})
    for note in known.notes:
        tell(f"fovea: {note}")
    # A labeled data set lists its images; a file in a folder may turn out to be no image.
    paths = [image.path for image in known.images] or find_images(images)
    keep_inputs([out], [*paths, Path(recognizer), *([labels] if labels else [])])
    labeler = Labeler(load(recognizer, threshold=threshold), known)
    headers: list[Callable[[], DatasetImage]] = [partial(_same, image) for image in known.images] or [
        partial(image_header, path, number) for number, path in enumerate(paths, 1)
    ]
    found = Survey([], [], "") if labels else survey(images, image_suffixes(), below=False)

    def save(place: Path) -> Dataset:
        made = labeler.labeled
        if len(made):
            with writing(place) as file:
                file.write(coco_json(made, images).encode())
        return made

    for error in found.unread:
        report(error)
    failed = len(found.unread)
    try:
        for path, header in zip(tqdm(paths, unit="image", disable=None), headers, strict=True):
            try:
                labeler.add(header())
            except Exception as error:
                report(error, str(path))
                failed += 1
    except Interruption as stop:
        # A complete file is not replaced by an incomplete one.
        place = out.with_suffix(".part.json") if out.is_file() else out
        if done := len(save(place)):
            stop.add_note(f"{name_of(place)} has {done} of {len(paths)} images")
        raise
    made = save(out)
    masked = sum(annotation.segmentation is not None for annotation in made.annotations)
    summary = f"{len(made)} images, {len(made.annotations)} objects, {masked} with masks"
    tell("; ".join(part for part in (summary, found.passed_over) if part))
    if len(made) and out != PIPE:
        print_note(str(out))
    if failed:
        tell(f"fovea: {failed} of {len(paths) + len(found.unread)} images failed and were left out")
        context.exit(1)


def _require_json(out: Path) -> None:
    require_pipes(Path(), out)
    if out == PIPE:
        return
    require_file(out)
    if out.suffix.lower() != ".json" and (out.is_file() or not out.exists()):  # a device may have any name
        raise click.UsageError(f"labels are written as .json, and not to {name_of(out)}")


def _same(image: "DatasetImage") -> "DatasetImage":
    return image
