"""Make the sets of 1080p frames.

Run ``python benchmarks/frames.py``. It writes two folders of images below ``.accuracy/frames``, for ``fovea eval``:

* ``drone``: the frames of 1920×1080 pixels of the drone videos, as they are;
* ``views``: frames that show nine photographs of COCO val2017 side by side, 640×360 pixels of each at their own
  resolution, as the recorders of surveillance cameras show nine cameras at once. They are no camera frames: their
  objects are as large as those of a camera that is three times nearer to the scene, and every ninth has another light.

Each set has two halves, ``choose`` and ``judge``, which share no video and no photograph. Rules are chosen on the
first, and figures are measured on the second.
"""

import shutil
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import click
import numpy as np
from PIL import Image

from images import COCO_IMAGES, FULL_HD, SHARED

DRONE_IMAGES = SHARED / "data" / "aerial_cars" / "images"
HALVES = ("choose", "judge")
_ACROSS = 3


def full_hd(paths: Sequence[Path]) -> list[Path]:
    """Return the files of images of 1920×1080 pixels."""
    return [path for path in paths if _size(path) == FULL_HD]


def views(paths: Sequence[Path]) -> Iterator[Image.Image]:
    """Yield frames of nine photographs each, from photographs that are large enough."""
    height, width = FULL_HD[0] // _ACROSS, FULL_HD[1] // _ACROSS
    large = [path for path in paths if all(np.greater_equal(_size(path), (height, width)))]
    for first in range(0, len(large) - _ACROSS**2 + 1, _ACROSS**2):
        frame = Image.new("RGB", FULL_HD[::-1])
        for number, path in enumerate(large[first : first + _ACROSS**2]):
            image = Image.open(path).convert("RGB")
            left, top = (image.width - width) // 2, (image.height - height) // 2
            row, column = divmod(number, _ACROSS)
            frame.paste(image.crop((left, top, left + width, top + height)), (column * width, row * height))
        yield frame


def _video(path: Path) -> str:
    """Return the name of the video that a frame comes from; the number of the frame follows the last dash."""
    return path.stem.rpartition("-")[0]


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.height, image.width


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path(".accuracy/frames"), show_default=True)
def main(out: Path) -> None:
    """Write the sets of 1080p frames below the folder OUT."""
    for half in HALVES:
        for name in ("drone", "views"):
            (out / name / half).mkdir(parents=True, exist_ok=True)
    for number, (_, frames) in enumerate(groupby(full_hd(sorted(DRONE_IMAGES.iterdir())), _video)):
        for path in frames:
            shutil.copyfile(path, out / "drone" / HALVES[number % 2] / path.name)
    for number, frame in enumerate(views(sorted(COCO_IMAGES.iterdir()))):
        frame.save(out / "views" / HALVES[number % 2] / f"{number:03d}.png", compress_level=1)


if __name__ == "__main__":
    main()
