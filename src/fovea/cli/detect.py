"""``fovea detect``."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from fovea.cli.failures import needs_extra, report
from fovea.cli.files import name_of, writing
from fovea.cli.options import debug_option, json_option


@click.command("detect")
@click.argument("sources", metavar="IMAGE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-r", "--recognizer", metavar="R", required=True, help=".onnx or .yaml file, or a name of the registry.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Draw to this file, or folder.  [default: IMAGE.seen.png in the current folder, and with --json none]",
)
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.25, show_default=True, help="Lowest score shown.")
@json_option
@debug_option
@click.pass_context
def detect_command(
    context: click.Context,
    sources: tuple[Path, ...],
    recognizer: str,
    out: Path | None,
    threshold: float,
    as_json: bool,
) -> None:
    """Show what a recognizer sees.

    Reads images or .fov files and draws boxes, class names with scores, and masks. With --json one object a line for
    each image, boxes as x1, y1, x2, y2 in pixels.
    """
    targets = {} if out is None and as_json else _targets(sources, out)
    with needs_extra("eval"):
        from PIL import Image

        import fovea.pillow  # noqa: F401  # teaches Pillow to open .fov
        from fovea.evaluation.drawing import draw, named
        from fovea.picture import open_picture
        from fovea.recognition import load

    loaded = load(recognizer, threshold=threshold)
    failed = False
    for source in sources:
        try:
            picture = open_picture(source, keep_metadata=False).pixels
            (found,) = loaded.predict([picture])
            objects = named(found, loaded.classes)
            if as_json:
                listed = [{"class": name, "score": score, "box": box} for name, score, box in objects]
                height, width = picture.shape[:2]
                click.echo(json.dumps({"file": str(source), "width": width, "height": height, "objects": listed}))
            if (target := targets.get(source)) is None:
                continue
            file = io.BytesIO()
            Image.fromarray(draw(picture, found, loaded.classes)).save(file, _format(target))
            with writing(target) as stream:
                stream.write(file.getbuffer())
            if not as_json:
                names = ", ".join(f"{name} {100 * score:.0f}" for name, score, _ in objects) or "nothing"
                click.echo(f"{name_of(source)}: {names} -> {name_of(target)}")
        except Exception as error:
            report(error, name_of(source))
            failed = True
    if failed:
        context.exit(1)


def _targets(sources: Sequence[Path], out: Path | None) -> Mapping[Path, Path]:
    """Which image is drawn to which file.

    Raises:
        click.UsageError: two images would be drawn to the same file.
    """
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
    if out is None:
        return Path(f"{source.stem}.seen.png")
    if count > 1 or out.is_dir() or not out.suffix:
        return out / f"{source.stem}.seen.png"
    return out


def _format(target: Path) -> str:
    from PIL import Image

    found = Image.registered_extensions().get(target.suffix.lower())
    if found is None:
        raise click.UsageError(f"no image format for {target.name}: choose .png, .jpg or .webp")
    return found
