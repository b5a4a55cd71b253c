"""Time and memory of whole commands, from start to end: ``python benchmarks/startup.py``.

Several versions of the package may be compared; their commands take turns. ``README.md`` explains the columns.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

import click
import numpy as np
from PIL import Image
from tqdm import tqdm

from images import FULL_HD, KODAK, RESULTS, mosaic, read_folder
from processes import FOVEA, Usage, run
from tables import Row, markdown, write_csv

HERE = Path(__file__).resolve().parents[1] / "src"
PATH = click.Path(path_type=Path)


def write_pictures(folder: Path, source: Path, number: int) -> None:
    """Write the pictures of all commands: ``photo.png``, ``1080p.jpg`` and the folder ``small``.

    Args:
        folder: folder to write to.
        source: folder of PNG images.
        number: number of small pictures, 256×256 pixels cut out of those images.
    """
    images = read_folder(source, 8)
    Image.fromarray(images[0]).save(folder / "photo.png")
    Image.fromarray(mosaic(images, *FULL_HD)).save(folder / "1080p.jpg", quality=95)
    (folder / "small").mkdir()
    random = np.random.default_rng(0)
    for index in range(number):
        image = images[index % len(images)]
        y, x = (int(random.integers(max(1, length - 255))) for length in image.shape[:2])
        Image.fromarray(image[y : y + 256, x : x + 256]).save(folder / "small" / f"{index}.jpg", quality=95)


def commands(folder: Path, coded: Path) -> dict[str, tuple[str, ...]]:
    """Return the commands to measure by their names, in an order in which each finds what it needs.

    Args:
        folder: folder of the pictures.
        coded: folder for what a version of the package writes.
    """
    measured: dict[str, tuple[str, ...]] = {
        "import fovea": (sys.executable, "-c", "import fovea"),
        "models": (*FOVEA, "models"),
    }
    for name, picture in {"a photo": "photo.png", "1080p": "1080p.jpg"}.items():
        file = str(coded / f"{picture}.fov")
        measured[f"encode {name}"] = (*FOVEA, "encode", "--quiet", str(folder / picture), file)
        measured[f"decode {name}"] = (*FOVEA, "decode", "--quiet", file, str(coded / f"{picture}.png"))
    small = (str(folder / "small"), str(coded / "small"))
    measured["encode small pictures"] = (*FOVEA, "encode", "--quiet", *small)
    measured["decode small pictures"] = (*FOVEA, "decode", "--quiet", "--overwrite", small[1], str(coded / "decoded"))
    return measured


@click.command()
@click.option(
    "--source", "sources", type=PATH, multiple=True, help="Folder src of a version; may be repeated.  [default: this]"
)
@click.option("--images", type=PATH, default=KODAK, help="Folder of PNG images.")
@click.option("--small", type=click.IntRange(1), default=100, show_default=True, help="Number of small pictures.")
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True, help="Number of rounds.")
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the table.")
def main(sources: tuple[Path, ...], images: Path, small: int, repeats: int, out: Path) -> None:
    """Measure whole commands."""
    used: dict[tuple[Path, str], list[Usage]] = {}
    versions = [path.resolve() for path in sources] or [HERE]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pictures(folder, images, small)
        for number in tqdm(range(repeats), "rounds"):
            for position, version in enumerate(versions):
                (coded := folder / f"{number}-{position}").mkdir()
                environment = {"PYTHONPATH": os.pathsep.join([str(version), os.environ.get("PYTHONPATH", "")])}
                for what, command in commands(folder, coded).items():
                    used.setdefault((version, what), []).append(run(*command, environment=environment))
    rows: list[Row] = [
        {
            "version": version.parent.name,
            "command": what,
            "seconds": round(statistics.median(usage.seconds for usage in usages), 3),
            "peak_mib": round(statistics.median(usage.peak_mib for usage in usages)),
            "repeats": repeats,
        }
        for (version, what), usages in used.items()
    ]
    write_csv(out / "startup.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
