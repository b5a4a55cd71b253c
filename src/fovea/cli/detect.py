"""The verb ``fovea detect``."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from PIL import Image

from fovea.cli.failures import needs_extra, report
from fovea.cli.files import PIPE, as_path, name_of, reading, writing
from fovea.cli.interruption import Interruption
from fovea.cli.options import SCORE, FilePath, debug_option, json_option, max_pixels_option, recognizer_option
from fovea.cli.outputs import keep_inputs, require_file
from fovea.cli.streams import print_note, print_result
from fovea.picture import FORMATS, open_picture


@click.command("detect")
@click.argument("sources", metavar="IMAGE...", nargs=-1, required=True, type=FilePath())
@recognizer_option
@click.option(
    "-o",
    "--out",
    type=FilePath(readable=False),
    help="Draw to this file, or folder.  [default: IMAGE.seen.png in the current folder, and with --json none]",
)
@click.option("--threshold", type=SCORE, default=0.25, show_default=True, help="Lowest score shown.")
@max_pixels_option
@json_option
@debug_option
@click.pass_context
def detect_command(
    context: click.Context,
    sources: tuple[str, ...],
    recognizer: str,
    out: str | None,
    threshold: float,
    max_pixels: int,
    as_json: bool,
) -> None:
    """Show the objects that a recognizer finds.

    Reads images or .fov files, and - for the standard input, and draws boxes, class names with scores, and masks. With
    --json it prints one line for each image, with boxes as x1, y1, x2, y2 in pixels.
    """
    paths = [as_path(source) for source in sources]
    place = None if out is None else as_path(out)
    targets = {} if place is None and as_json else _targets(paths, place)
    with needs_extra("eval"):
        import fovea.pillow  # noqa: F401  # teaches Pillow to open .fov, which no other verb reads as an image
        from fovea.evaluation import draw_detections, list_detections
        from fovea.recognition import load

    formats = {target: _format(target) for target in targets.values()}
    for target in formats:
        require_file(target)
    keep_inputs(formats, [*(path for path in paths if path != PIPE), Path(recognizer)])
    loaded = load(recognizer, threshold=threshold)

    def detect(path: Path) -> None:
        with reading(path) as file:
            picture = open_picture(file, keep_metadata=False, max_pixels=max_pixels).pixels
        (found,) = loaded.predict([picture])
        objects = list_detections(found, loaded.classes)
        if as_json:
            listed = [{"class": name, "score": score, "box": box} for name, score, box in objects]
            height, width = picture.shape[:2]
            name = name_of(PIPE) if path == PIPE else str(path)
            print_result(json.dumps({"file": name, "width": width, "height": height, "objects": listed}))
        if (target := targets.get(path)) is None:
            return
        drawn = io.BytesIO()
        Image.fromarray(draw_detections(picture, found, loaded.classes)).save(drawn, formats[target])
        with writing(target) as stream:
            stream.write(drawn.getbuffer())
        if not as_json:
            names = ", ".join(f"{name} {100 * score:.0f}" for name, score, _ in objects) or "nothing"
            print_note(f"{name_of(path)}: {names} -> {name_of(target)}")

    failed = 0
    for done, path in enumerate(paths):
        try:
            detect(path)
        except BrokenPipeError:
            raise
        except Exception as error:
            report(error, name_of(path))
            failed += 1
        except Interruption as stop:
            if len(paths) > 1:
                stop.add_note(f"{done - failed} of {len(paths)} images are done")
            raise
    if failed:
        context.exit(1)


def _targets(sources: Sequence[Path], out: Path | None) -> Mapping[Path, Path]:
    """Return the file that each image is drawn to.

    Raises:
        click.UsageError: two images would be drawn to the same file, or to the standard output.
    """
    if out == PIPE:
        raise click.UsageError("a drawing does not go to the standard output: name a file or a folder with -o")
    targets = {source: _target(source, out, len(sources)) for source in sources}
    first: dict[Path, Path] = {}
    for source, target in targets.items():
        if (other := first.setdefault(target, source)) != source:
            raise click.UsageError(
                f"{name_of(other)} and {name_of(source)} would both be drawn to {name_of(target)}: rename one, or draw"
                " them one by one"
            )
    return targets


def _target(source: Path, out: Path | None, count: int) -> Path:
    if out is not None and count == 1 and out.suffix and not out.is_dir():
        return out
    if source == PIPE:
        raise click.UsageError("a pipe has no name to draw to: name a file with -o, or take --json")
    return (out or Path()) / f"{source.stem}.seen.png"


def _format(target: Path) -> str:
    found = Image.registered_extensions().get(target.suffix.lower(), "")
    try:
        Image.new("RGB", (1, 1)).save(io.BytesIO(), found)
    except Exception as error:  # the suffix has no format, or one that Pillow cannot write, or not in color
        raise click.UsageError(f"no image format for {name_of(target)}: choose one of {', '.join(FORMATS)}") from error
    return found
