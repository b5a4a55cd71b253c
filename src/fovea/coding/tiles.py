"""Tiles with a halo: each tile is analyzed and synthesized with its surroundings, so that no seam is visible."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from fovea.bitstream import Box, TileGrid
from fovea.coding.controls import Controls
from fovea.coding.prior import Floats
from fovea.engine import Network
from fovea.spec import REGION_LOGIT, STRIDE

_ALIGNMENT = 32  # an encoder that finds objects does so at half the resolution of the latent


def latent_size(length: int) -> int:
    """Return the number of latent positions that cover ``length`` pixels."""
    return -(-length // STRIDE)


def window(box: Box, halo: int, width: int, height: int) -> Box:
    """Return a tile with its halo, clipped to the picture, in pixels.

    Args:
        box: the tile; its left and top edges are multiples of 16.
        halo: number of latent positions on every side.
        width: width of the picture in pixels.
        height: height of the picture in pixels.

    Example:
        >>> window(Box(64, 0, 64, 64), halo=2, width=120, height=300)
        Box(left=32, top=0, width=88, height=96)
    """
    reach = halo * STRIDE
    left, top = max(box.left - reach, 0), max(box.top - reach, 0)
    right, bottom = min(box.left + box.width + reach, width), min(box.top + box.height + reach, height)
    return Box(left, top, right - left, bottom - top)


def analyze(pixels: NDArray[np.uint8], box: Box, halo: int, analysis: Callable[[NDArray[np.uint8]], Floats]) -> Floats:
    """Return the latent of one tile of a picture.

    Args:
        pixels: the whole picture, uint8 [H, W, channels].
        box: the tile, h×w pixels.
        halo: number of latent positions around the tile that its latent depends on.
        analysis: function from an image [1, h', w', channels], h' and w' multiples of 32, to its latent
            [1, C, h'/16, w'/16].

    Returns:
        Latent of the tile without its halo, [1, C, ⌈h/16⌉, ⌈w/16⌉].
    """
    around = window(box, halo, pixels.shape[1], pixels.shape[0])
    cut = pixels[around.top : around.top + around.height, around.left : around.left + around.width]
    padding = ((0, -around.height % _ALIGNMENT), (0, -around.width % _ALIGNMENT), (0, 0))
    latent = analysis(np.pad(cut, padding, mode="edge")[None])
    top, left = (box.top - around.top) // STRIDE, (box.left - around.left) // STRIDE
    rows, columns = latent_size(box.height), latent_size(box.width)
    return np.ascontiguousarray(latent[:, :, top : top + rows, left : left + columns])


def region_logits(region: NDArray[np.uint8], box: Box) -> Floats:
    """Return the logits of a given region of interest, which replace those that an encoder finds.

    Args:
        region: map of the region of interest of the whole picture, uint8 [H, W], 0 outside, 255 inside.
        box: the tile, h×w pixels.

    Returns:
        float32 [⌈h/16⌉, ⌈w/16⌉], one for each position of the tile's latent, within ±``REGION_LOGIT``.

    Example:
        >>> region_logits(np.full((16, 20), 255, np.uint8), Box(0, 0, 20, 16))
        array([[4., 4.]], dtype=float32)
    """
    cut = region[box.top : box.top + box.height, box.left : box.left + box.width]
    padded = np.pad(cut, [(0, -side % STRIDE) for side in cut.shape], mode="edge")
    rows, columns = (side // STRIDE for side in padded.shape)
    share = padded.reshape(rows, STRIDE, columns, STRIDE).mean(axis=(1, 3), dtype=np.float32) / 255
    logits: Floats = (2 * share - 1) * REGION_LOGIT
    return logits


def probabilities(logits: Floats) -> Floats:
    """Return the probabilities of logits, of the same shape.

    Example:
        >>> probabilities(np.array([0, 4], np.float32))
        array([0.5       , 0.98201376], dtype=float32)
    """
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


def logits_around(logits: Floats, box: Box, halo: int, grid: TileGrid) -> Floats:
    """Return the logits of the objects in a tile and its halo, at the positions that :func:`analyze` computes.

    Args:
        logits: logits of the objects at all positions of the latent of the picture, [h, w].
        box: the tile.
        halo: number of latent positions around the tile.
        grid: how the picture is cut into tiles.

    Returns:
        [1, 1, rows, columns]; both numbers are even, because :func:`analyze` pads images to multiples of 32 pixels.
    """
    around = window(box, halo, grid.width, grid.height)
    top, left = around.top // STRIDE, around.left // STRIDE
    rows, columns = latent_size(around.height), latent_size(around.width)
    return np.pad(logits[top : top + rows, left : left + columns], ((0, rows % 2), (0, columns % 2)), mode="edge")[
        None, None
    ]


def synthesize(
    grid: TileGrid, tile: int, halo: int, latents: Callable[[int], Floats], synthesis: Network, controls: Controls
) -> NDArray[np.uint8]:
    """Return the pixels of one tile, from its latent and those of its neighbors.

    Args:
        grid: how the picture is cut into tiles.
        tile: number of the tile.
        halo: number of latent positions around the tile that its pixels depend on.
        latents: function that returns the decoded latent of a tile by its number.
        synthesis: network from a latent [1, C, h, w] and the controls to pixels, uint8 [1, 16h, 16w, 3].
        controls: controls of the networks.

    Returns:
        uint8 [h, w, 3], exactly the pixels of the tile.
    """
    box = grid.box(tile)
    around = window(box, halo, grid.width, grid.height)
    gathered = _gather(grid, around, latents)
    (pixels,) = synthesis(gathered, controls.as_input())
    top, left = box.top - around.top, box.left - around.left
    cut: NDArray[np.uint8] = pixels[0, top : top + box.height, left : left + box.width]
    return cut


def _gather(grid: TileGrid, around: Box, latents: Callable[[int], Floats]) -> Floats:
    """Return the latent of a window, joined from the latents of the tiles that it touches."""
    touched = grid.tiles_of_region(*around)
    if len(touched) == 1:
        return latents(touched[0])
    gathered: Floats | None = None
    top, left = around.top // STRIDE, around.left // STRIDE
    for tile in touched:
        latent, box = latents(tile), grid.box(tile)
        if gathered is None:
            shape = (1, latent.shape[1], latent_size(around.height), latent_size(around.width))
            gathered = np.empty(shape, np.float32)
        rows, source_rows = _overlap(top, gathered.shape[2], box.top // STRIDE, latent.shape[2])
        columns, source_columns = _overlap(left, gathered.shape[3], box.left // STRIDE, latent.shape[3])
        gathered[:, :, rows, columns] = latent[:, :, source_rows, source_columns]
    assert gathered is not None
    return gathered


def _overlap(start: int, length: int, other: int, other_length: int) -> tuple[slice, slice]:
    """Return where two intervals of one axis overlap, as slices into the first and into the second."""
    low, high = max(start, other), min(start + length, other + other_length)
    return slice(low - start, high - start), slice(low - other, high - other)


def rows_of(grid: TileGrid, tiles: Iterable[int]) -> Iterator[list[int]]:
    """Yield the given tiles one row of the grid after the other.

    Args:
        grid: how the picture is cut into tiles.
        tiles: numbers of tiles, in ascending order.

    Example:
        >>> list(rows_of(TileGrid(192, 192, tile_size=64), [0, 1, 6]))
        [[0, 1], [6]]
    """
    columns = grid.columns
    return (list(row) for _, row in groupby(tiles, lambda tile: tile // columns))
