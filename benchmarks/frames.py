"""Make the sets of 1080p frames.

Run ``python benchmarks/frames.py``. It writes two folders of images below ``.accuracy/frames``, for ``fovea eval``:

* ``drone``: the frames of 1920×1080 pixels of the drone videos, as they are;
* ``views``: frames that show photographs side by side at their own resolution, as the recorders of surveillance cameras
  show several cameras at once: nine landscapes of COCO val2017, 640×360 pixels of each; ten portraits of it, 384×540
  pixels of each; and nine rooms, 640×360 pixels of each, as a robot sees them. They are no camera frames: their objects
  are as large as those of a camera that is three times nearer to the scene, and each part has another light.

Each set has two halves, ``choose`` and ``judge``, which share no video and no photograph. Rules are chosen on the
first, and figures are measured on the second. Portraits and rooms are in the second half only.
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
ROOM_IMAGES = SHARED / "data" / "indoor" / "images"
HALVES = ("choose", "judge")


def full_hd(paths: Sequence[Path]) -> list[Path]:
    """Return the files of images of 1920×1080 pixels."""
    return [path for path in paths if _size(path) == FULL_HD]


def large_enough(paths: Sequence[Path], across: int, down: int) -> list[Path]:
    """Return the files of images that fill a part of a frame that is divided into so many parts."""
    part = (FULL_HD[0] // down, FULL_HD[1] // across)
    return [path for path in paths if all(np.greater_equal(_size(path), part))]


def views(paths: Sequence[Path], across: int, down: int) -> Iterator[Image.Image]:
    """Yield frames of so many photographs each, from photographs that are large enough."""
    height, width = FULL_HD[0] // down, FULL_HD[1] // across
    large = large_enough(paths, across, down)
    for first in range(0, len(large) - across * down + 1, across * down):
        frame = Image.new("RGB", FULL_HD[::-1])
        for number, path in enumerate(large[first : first + across * down]):
            image = Image.open(path).convert("RGB")
            left, top = (image.width - width) // 2, (image.height - height) // 2
            row, column = divmod(number, across)
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
    photographs = sorted(COCO_IMAGES.iterdir())
    for number, frame in enumerate(views(photographs, 3, 3)):
        frame.save(out / "views" / HALVES[number % 2] / f"{number:03d}.png", compress_level=1)
    others = sorted(set(photographs) - set(large_enough(photographs, 3, 3)))
    judging = {"portraits": views(others, 5, 2), "rooms": views(sorted(ROOM_IMAGES.iterdir()), 3, 3)}
    for name, pictures in judging.items():
        for number, frame in enumerate(pictures):
            frame.save(out / "views" / "judge" / f"{name}-{number:03d}.png", compress_level=1)


if __name__ == "__main__":
    main()
