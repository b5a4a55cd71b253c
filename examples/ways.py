"""Code two pictures the ways that ``docs/method.md`` compares, all to the same size, and show them side by side.

``python examples/ways.py [FOLDER]``; ``make docs`` puts them into the page. The pictures ship with scikit-image: a
portrait of an astronaut by NASA (public domain) and a cup of coffee (CC0).
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from skimage import data

from fovea import Codec
from fovea.picture import enlarged_map, fill_boxes

Picture = NDArray[np.uint8]

BPP = 0.12
PICTURES: dict[str, tuple[Callable[[], Picture], tuple[float, float, float, float]]] = {
    "astronaut": (data.astronaut, (14, 0, 432, 512)),
    "coffee": (data.coffee, (150, 50, 440, 330)),
}
"""How to load each, and a box around what it shows, as a detector would give it: left, top, right, bottom."""
WAYS = {
    "fovea-s": "Fovea: the bare picture",
    "fovea-s-roi": "ROI: told the box",
    "fovea-s-task": "task loss: YOLOX-Nano",
    "fovea-s-mse": "plain MSE: for people",
}
_COLUMNS, _TITLE = 3, 20


def panels(image: Picture, box: tuple[float, float, float, float]) -> dict[str, Picture]:
    """The original, what the encoder found, and the picture coded each way; by title."""
    height, width = image.shape[:2]
    size = int(BPP * height * width / 8)
    shown = {"original": image}
    for name, title in WAYS.items():
        codec = Codec(name)
        told = fill_boxes([box], height, width) if codec.model.region == "given" else None
        coded = codec.encode_to_size(image, size, roi=told)
        if codec.takes_map and told is None:
            found = enlarged_map(codec.object_map(coded), width, height)
            shown["what its encoder found"] = np.repeat(found[..., None], 3, axis=2)
        shown[f"{title}, {len(coded)} bytes"] = codec.decode(coded)
    return shown


def sheet(shown: dict[str, Picture]) -> Image.Image:
    """Pictures of one size under their titles, three in a row."""
    height, width = next(iter(shown.values())).shape[:2]
    rows = -(-len(shown) // _COLUMNS)
    drawn = Image.new("RGB", (_COLUMNS * width, rows * (height + _TITLE)), "white")
    for number, (title, picture) in enumerate(shown.items()):
        row, column = divmod(number, _COLUMNS)
        left, top = column * width, row * (height + _TITLE)
        ImageDraw.Draw(drawn).text((left + 4, top + 4), title, fill="black")
        drawn.paste(Image.fromarray(picture), (left, top + _TITLE))
    return drawn


def main(folder: Path) -> None:
    """Draw all sheets."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (load, box) in PICTURES.items():
        image = np.ascontiguousarray(load()[..., :3])
        sheet(panels(image, box)).save(folder / f"{name}.png")
        print(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))
