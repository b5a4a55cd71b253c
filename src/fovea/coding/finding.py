"""Finding objects on the whole picture, at a smaller size, before it is cut into tiles.

A detector looks at a whole picture of a few hundred pixels on each side, and so does the finder of a model. It sees the
context of each object, its map has no seams between tiles, and it costs little on large pictures.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fovea.coding.prior import Floats
from fovea.coding.tiles import latent_size
from fovea.engine import Engine
from fovea.picture import resized
from fovea.spec import STRIDE

SIDES = (1280, 640)
"""Longest sides, in pixels, of the pictures that the finder sees. Pictures are never enlarged."""
CELL = 8
"""Side in pixels of a cell: a square of the shrunk picture for which the finder returns one logit."""
_ALIGNMENT = 32
"""The finder takes pictures whose sides are multiples of this, because it works at down to 1/32 of the resolution."""
_STRIP = 128
"""Number of rows of a shrunk strip. Large pictures are shrunk in strips, so that they are never copied as a whole."""


class ScaleMap(NamedTuple):
    """The logits of a picture at one scale.

    Attributes:
        logits: logits of the presence of an object, float32 [h, w], one for each cell. Cells beyond the picture see its
            repeated edge.
        height: height of the picture in cells; may be fractional.
        width: width of the picture in cells; may be fractional.
    """

    logits: Floats
    height: float
    width: float


class Found(tuple[ScaleMap, ...]):
    """The logits of a picture at all scales, the largest scale first."""

    def at(self, height: int, width: int) -> Floats:
        """Return the logits at the positions of the latent of the picture: the mean over all scales.

        Args:
            height: height at which the picture is coded, in pixels.
            width: width at which the picture is coded, in pixels.

        Returns:
            float32 [⌈height/16⌉, ⌈width/16⌉].
        """
        logits: Floats = np.mean([_at_latent(scale, height, width) for scale in self], axis=0, dtype=np.float32)
        return logits


class Finder:
    """Finds objects on whole pictures.

    Args:
        engine: inference runtime.
        graph: serialized ONNX model, which turns pixels uint8 [1, H, W, 3], H and W multiples of 32, into logits
            [1, 1, H/8, W/8].
    """

    def __init__(self, engine: Engine, graph: bytes) -> None:
        self._network = engine.load(graph)

    def find(self, pixels: NDArray[np.uint8]) -> Found:
        """Return the logits of the objects on a picture.

        Args:
            pixels: the picture at its own size, uint8 [H, W, 3], RGB.
        """
        maps = []
        for picture in shrunk_pictures(pixels):
            height, width = picture.shape[:2]
            padding = ((0, -height % _ALIGNMENT), (0, -width % _ALIGNMENT), (0, 0))
            (logits,) = self._network(np.pad(picture, padding, mode="edge")[None])
            maps.append(ScaleMap(logits[0, 0].astype(np.float32), height / CELL, width / CELL))
        return Found(maps)


def shrunk_pictures(pixels: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return a picture, uint8 [H, W, 3], at the sizes that the finder sees, the largest first.

    Example:
        >>> [picture.shape for picture in shrunk_pictures(np.zeros((1080, 1920, 3), np.uint8))]
        [(720, 1280, 3), (360, 640, 3)]
        >>> [picture.shape for picture in shrunk_pictures(np.zeros((30, 500, 3), np.uint8))]
        [(30, 500, 3)]
    """
    pictures = [_shrunk(pixels, SIDES[0])]
    for side in SIDES[1:]:
        if max(pictures[-1].shape) > side:
            pictures.append(_shrunk(pictures[-1], side))
    return pictures


def _shrunk(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return a picture whose longest side is at most ``side``: reduced by a whole factor, and then interpolated."""
    longest = max(pixels.shape[:2])
    if longest <= side:
        return pixels
    height, width = (max(1, round(length * side / longest)) for length in pixels.shape[:2])
    if (factor := longest // side) > 1:
        step = factor * _STRIP
        strips = (Image.fromarray(pixels[top : top + step]).reduce(factor) for top in range(0, len(pixels), step))
        pixels = np.concatenate([np.asarray(strip) for strip in strips])
    return resized(pixels, width, height)


def _at_latent(scale: ScaleMap, height: int, width: int) -> Floats:
    """Return the logits of one scale at the positions of a latent.

    Where a position covers several cells, the largest logit counts, so that small objects are not lost. Where a cell
    covers several positions, logits are interpolated.
    """
    rows, columns = latent_size(height), latent_size(width)
    # The number of cells that the positions cover. The last positions may reach beyond the picture.
    down, across = (
        positions * STRIDE * cells / length
        for positions, cells, length in ((rows, scale.height, height), (columns, scale.width, width))
    )
    needed = [
        (0, max(0, math.ceil(cells) - have)) for cells, have in zip((down, across), scale.logits.shape, strict=True)
    ]
    logits = np.pad(scale.logits, needed, mode="edge")
    if down >= rows and across >= columns:
        starts = [
            np.rint(np.arange(number) * cells / number).astype(int)
            for number, cells in ((rows, down), (columns, across))
        ]
        inside = logits[: round(down), : round(across)]
        return np.maximum.reduceat(np.maximum.reduceat(inside, starts[0], axis=0), starts[1], axis=1)
    resized = Image.fromarray(logits).resize((columns, rows), Image.Resampling.BILINEAR, box=(0, 0, across, down))
    return np.array(resized, np.float32)
