"""Make the pictures of the documentation: one photograph, what is found on it, and what two models leave of it.

``python examples/pictures.py [FOLDER]``; ``make docs`` puts them into the pages. The photograph, a cup of coffee, ships
with scikit-image (CC0).
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from fovea import Codec
from fovea.picture import enlarged_map

BITS_PER_PIXEL = 0.12
MODELS = ("fovea-s", "fovea-s-mse")
PHOTOGRAPH: Callable[[], NDArray[np.uint8]] = data.coffee


def pictures(image: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
    """Return the original, the map of the objects, and the picture as each model leaves it at the same size.

    Args:
        image: uint8 [H, W, 3].
    """
    height, width = image.shape[:2]
    made = {"original": image}
    for name in MODELS:
        codec = Codec(name)
        coded = codec.encode_to_size(image, int(BITS_PER_PIXEL * height * width / 8))
        made[name] = codec.decode(coded)
        if codec.takes_map:
            made["objects"] = enlarged_map(codec.object_map(coded), width, height)
    return made


def main(folder: Path) -> None:
    """Write all pictures.

    Args:
        folder: where to; it is made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures(PHOTOGRAPH()).items():
        Image.fromarray(picture).save(folder / f"{name}.png")
        print(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))
