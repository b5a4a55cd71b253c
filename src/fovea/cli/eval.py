"""The verb ``fovea eval``."""

from pathlib import Path

import click

from fovea.cli.failures import needs_extra
from fovea.cli.options import FilePath, Name, debug_option, jobs_option
from fovea.cli.outputs import keep_inputs, require_file, require_folder
from fovea.cli.streams import one_line, print_note, tell
from fovea.cli.survey import survey
from fovea.picture import image_suffixes


def _list(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    named = tuple(part for part in (word.strip() for word in value.split(",")) if part)
    if not named:
        raise click.BadParameter("name at least one")
    return named


def _qualities(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, tuple[float, ...]]:
    found = {}
    for value in values:
        codec, _, numbers = value.rpartition("=")
        try:
            found[codec] = tuple(float(number) for number in numbers.split(","))
        except ValueError as error:
            raise click.BadParameter(f"{value!r} is not of the form 10,30,50 or CODEC=10,30,50") from error
    return found


@click.command("eval")
@click.option(
    "--data",
    required=True,
    type=FilePath(path_type=Path),
    help="Data set: COCO .json, YOLO .yaml, folder of Pascal VOC .xml files, or plain folder of images.",
)
@click.option(
    "--images",
    type=FilePath(path_type=Path),
    help="Folder of the images, where they are not where the format expects them.",
)
@click.option(
    "--codecs",
    metavar="LIST",
    required=True,
    type=Name(),
    callback=_list,
    help="Names or files of Fovea models, and jpeg, mozjpeg, jpeg2000, webp, avif, jxl, avc, hevc and vvc, which"
    " may have an effort (vvc:fast). A background may follow a model that has this control (my.fovea%20). Then"
    " may follow a size to code at: a part of the image (vvc@1/2) or its longest side in pixels (vvc@960), and then"
    " +roi or +roi:RECOGNIZER.",
)
@click.option(
    "--recognizers",
    metavar="LIST",
    required=True,
    type=Name(),
    callback=_list,
    help="Detectors and segmenters: .onnx or .yaml files, or names.",
)
@click.option(
    "--qualities",
    metavar="LIST",
    multiple=True,
    type=Name(),
    callback=_qualities,
    help="10,30,50 for all codecs, or CODEC=10,30,50 for one; repeatable.  [default: each codec's own]",
)
@click.option("--out", required=True, type=FilePath(path_type=Path, file_okay=False), help="Folder of the report.")
@click.option(
    "--cache",
    type=FilePath(path_type=Path, dir_okay=False),
    help="File of the cache.  [default: cache.sqlite in --out]",
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="Use the first N images only.")
@click.option(
    "--anchor",
    metavar="CODEC",
    type=Name(),
    help="Codec with which all others are compared first.  [default: the first of the list]",
)
@click.option(
    "--reference",
    type=click.Choice(["labels", "self"]),
    help="What recognizers are scored against: the labels, or what each recognizer detects on the originals."
    "  [default: labels if there are any]",
)
@jobs_option("Number of images at once")
@debug_option
def eval_command(
    data: Path,
    images: Path | None,
    codecs: tuple[str, ...],
    recognizers: tuple[str, ...],
    qualities: dict[str, tuple[float, ...]],
    out: Path,
    cache: Path | None,
    limit: int | None,
    anchor: str | None,
    reference: str | None,
    jobs: int,
) -> None:
    """Measure recognition accuracy over bitrate.

    Codes a data set with each codec at several qualities, runs each recognizer on the decoded images, and writes
    report.html, tables and plots. A summary is printed on the standard error. A run that was interrupted continues
    where it stopped, and no result is computed twice.
    """
    with needs_extra("eval"):
        from fovea.datasets import load_dataset
        from fovea.evaluation import REPORT_FILES, evaluate, summary_text, write_report

    cache = cache or out / "cache.sqlite"
    require_folder(out)
    require_file(cache)
    dataset = load_dataset(data, images)
    for note in dataset.notes:
        tell(f"fovea: {note}")
    read = [data, *(image.path for image in dataset.images), *map(Path, recognizers)]
    keep_inputs([cache, *(out / name for name in REPORT_FILES)], read)
    if data.is_dir() and not dataset.labeled:
        found = survey(data, image_suffixes(), below=False)
        if found.unread:
            raise found.unread[0]
        if found.passed_over:
            tell(found.passed_over)
    evaluation = evaluate(
        dataset.limit(limit) if limit else dataset,
        codecs,
        recognizers,
        cache,
        qualities=qualities,
        reference=reference,  # type: ignore[arg-type]  # click checked it
        anchor=anchor,
        processes=jobs,
    )
    for spec, reason in evaluation.skipped.items():
        tell(f"fovea: left out {spec}: {one_line(reason)}")
    tell(summary_text(evaluation))
    print_note(str(write_report(evaluation, out)))
