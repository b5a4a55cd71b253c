"""napari opens ``.fov`` files where Fovea is installed: ``napari.yaml`` announces the reader in this module."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fovea.files import imread

Layer = tuple[NDArray[np.uint8], dict[str, Any], str]


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[Layer]]:
    """Return the function that reads files; napari asks only for names that end in ``.fov``."""
    return read


def read(path: str | list[str]) -> list[Layer]:
    """Read one file or several.

    Args:
        path: path of a file, or paths of pictures of the same size, which become one stack.

    Returns:
        A layer of napari with the pixels: uint8 [H, W, 3], or [N, H, W, 3] for several files.

    Raises:
        FoveaError: a file cannot be read, or is damaged.
        ValueError: the pictures of a stack have different sizes.
    """
    pixels = imread(path) if isinstance(path, str) else np.stack([imread(one) for one in path])
    return [(pixels, {"rgb": True}, "image")]
