"""Which tiles of a frame are sent, and in which rectangles.

A tile is sent if it has changed since it was last sent. Means over blocks of 16×16 pixels are compared, block by block:
the noise of a sensor is a sixteenth as strong in such a mean, but an object of a few pixels still changes it. In the
difference of whole tiles, in contrast, the noise of the surroundings would hide small objects.

Two more kinds of tiles are sent. Each tile is sent anew after a number of seconds at the latest, a few tiles with each
frame, so that a watcher that has missed something recovers without a burst of bits. Tiles that were sent at a much
lower quality than the budget now allows are sent again at a better quality, so that still parts of a scene become
clear.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from fovea.bitstream import TILE_UNIT, Box, TileGrid
from fovea.camera.frames import Pixels

BLOCK = 16
"""Side of the blocks that are compared, in pixels."""
DIFFERENCE = 6.0
"""Change of the mean of a block, in 8-bit levels, above which its tile has changed."""
BETTER = 15.0
"""Gain of quality for which a tile without changes is sent again."""
_LARGE_FRAME = 960
"""Longest side in pixels above which frames have larger tiles."""


def default_tile_size(width: int, height: int) -> int:
    """Return the side of the tiles of frames with this width and height; all in pixels.

    The smallest tiles fit moving objects best: they kept more of the accuracy than larger tiles with a fixed camera,
    and as much with a moving camera. Frames of more than 960 pixels are usually coded at a smaller size, so their tiles
    are larger.
    """
    return 2 * TILE_UNIT if max(width, height) > _LARGE_FRAME else TILE_UNIT


class SentTiles:
    """The state of each tile at the watchers: when it was last sent, at which quality, and with which block means.

    Args:
        grid: how the frames are cut into tiles.
        refresh: seconds within which each tile is sent anew.
    """

    def __init__(self, grid: TileGrid, refresh: float) -> None:
        self.grid = grid
        self._refresh = refresh
        self._block_rows = np.array(grid.row_edges[:-1]) // BLOCK
        self._block_columns = np.array(grid.column_edges[:-1]) // BLOCK
        self._means = np.zeros((-(-grid.height // BLOCK), -(-grid.width // BLOCK), 3), np.float32)
        self._levels = np.zeros(grid.tiles, np.float32)
        self._times = np.zeros(grid.tiles)
        self._due, self._chosen, self._checked = 0.0, 0, 0.0
        self._known = False

    @property
    def known(self) -> bool:
        """Whether all watchers have a whole picture."""
        return self._known

    def forget(self) -> None:
        """Note that watchers may have nothing, so that the next frame is sent as a whole."""
        self._known = False

    def choose(self, pixels: Pixels, now: float, attainable: float) -> list[int]:
        """Return the numbers of the tiles of a frame that are to be sent.

        Args:
            pixels: the frame, uint8 [H, W, 3].
            now: the time in seconds.
            attainable: quality that the whole frame would get, see :meth:`fovea.camera.RateController.attainable`.
        """
        if not self._known:
            return list(range(self.grid.tiles))
        changed = np.abs(_means(pixels) - self._means).max(axis=2) > DIFFERENCE
        by_row = np.logical_or.reduceat(changed, self._block_rows, axis=0)
        chosen = np.logical_or.reduceat(by_row, self._block_columns, axis=1).ravel()
        chosen |= self._levels <= attainable - BETTER
        self._due = min(self._due + self.grid.tiles * (now - self._checked) / self._refresh, self.grid.tiles)
        self._checked = now
        self._chosen = int(self._due)
        chosen[np.argsort(self._times, kind="stable")[: self._chosen]] = True
        return [int(tile) for tile in np.flatnonzero(chosen)]

    def mark(self, pixels: Pixels, box: Box, now: float, level: float) -> None:
        """Note that a rectangle of tiles was sent.

        Args:
            pixels: the frame, uint8 [H, W, 3].
            box: the rectangle, in pixels.
            now: the time in seconds.
            level: quality of the rectangle, see :meth:`fovea.camera.RateController.level_of`.
        """
        part = pixels[box.top : box.top + box.height, box.left : box.left + box.width]
        top, left = box.top // BLOCK, box.left // BLOCK
        means = _means(part)
        self._means[top : top + means.shape[0], left : left + means.shape[1]] = means
        tiles = self.grid.tiles_of_region(*box)
        self._times[tiles] = now
        self._due -= self._chosen  # only here, so that the tiles of a frame that is skipped stay due
        self._chosen = 0
        self._levels[tiles] = level
        if len(tiles) == self.grid.tiles:
            self.complete(now)

    def complete(self, now: float) -> None:
        """Note that watchers have a whole picture since the time ``now``, in seconds."""
        if not self._known:
            self._known, self._due, self._chosen, self._checked = True, 0.0, 0, now


def _means(pixels: Pixels) -> NDArray[np.float32]:
    """Return the means of the blocks: float32 [⌈H/16⌉, ⌈W/16⌉, 3]."""
    height, width = pixels.shape[:2]
    rows, columns = np.arange(0, height, BLOCK), np.arange(0, width, BLOCK)
    sums = np.add.reduceat(np.add.reduceat(pixels, rows, axis=0, dtype=np.uint32), columns, axis=1)
    counts = np.minimum(BLOCK, height - rows)[:, None] * np.minimum(BLOCK, width - columns)
    means: NDArray[np.float32] = (sums / counts[..., None]).astype(np.float32)
    return means


def rectangles(grid: TileGrid, tiles: Iterable[int]) -> list[Box]:
    """Return a small number of rectangles that cover exactly the given tiles.

    Neighboring tiles of a row are joined, and then equal runs of consecutive rows.

    Args:
        grid: how frames are cut into tiles.
        tiles: numbers of tiles.

    Returns:
        The rectangles, in pixels.

    Example:
        >>> rectangles(TileGrid(300, 128, tile_size=64), [0, 1, 4, 5, 6, 9])
        [Box(left=0, top=0, width=128, height=128), Box(left=256, top=0, width=44, height=128)]
    """
    wanted = np.zeros(grid.tiles, bool)
    wanted[list(tiles)] = True
    columns, rows = grid.column_edges, grid.row_edges
    # The first column of each rectangle and the one after the last, and likewise its rows.
    found: list[tuple[int, int, int, int]] = []
    for row, line in enumerate(wanted.reshape(grid.rows, grid.columns)):
        steps = np.flatnonzero(np.diff(line, prepend=False, append=False))
        for first, last in zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True):
            above = next((old for old in found if old[:2] == (first, last) and old[3] == row), None)
            if above:
                found[found.index(above)] = (first, last, above[2], row + 1)
            else:
                found.append((first, last, row, row + 1))
    return [
        Box(columns[left], rows[top], columns[right] - columns[left], rows[bottom] - rows[top])
        for left, right, top, bottom in found
    ]


def split(grid: TileGrid, boxes: Sequence[Box], pixels: float) -> list[Box]:
    """Cut rectangles along the borders of tiles, until each has at most ``pixels`` pixels or is a single tile.

    Args:
        grid: how frames are cut into tiles.
        boxes: rectangles of tiles, in pixels.
        pixels: largest number of pixels of a rectangle.

    Returns:
        The rectangles, in pixels.
    """
    done: list[Box] = []
    pending = list(reversed(boxes))
    while pending:
        box = pending.pop()
        inner_rows = [edge for edge in grid.row_edges if box.top < edge < box.top + box.height]
        inner_columns = [edge for edge in grid.column_edges if box.left < edge < box.left + box.width]
        if box.width * box.height <= pixels or not (inner_rows or inner_columns):
            done.append(box)
        elif inner_rows and (box.height >= box.width or not inner_columns):
            height = inner_rows[len(inner_rows) // 2] - box.top
            pending.append(Box(box.left, box.top + height, box.width, box.height - height))
            pending.append(Box(box.left, box.top, box.width, height))
        else:
            width = inner_columns[len(inner_columns) // 2] - box.left
            pending.append(Box(box.left + width, box.top, box.width - width, box.height))
            pending.append(Box(box.left, box.top, width, box.height))
    return done
