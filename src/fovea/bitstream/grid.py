"""How a picture is cut into tiles. The rule is part of the format (``docs/format.md``, *Tiles*)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

from fovea.bitstream.limits import DEFAULT_TILE_SIZE, TILE_UNIT
from fovea.errors import ArgumentError


class Box(NamedTuple):
    """A rectangle of a picture, in pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class TileGrid:
    """The tiles of a picture, numbered row by row from the top left.

    Args:
        width: width of the picture in pixels, at least 1.
        height: height of the picture in pixels, at least 1.
        tile_size: largest side of a tile in pixels, a multiple of 64.

    Example:
        >>> grid = TileGrid(2100, 1000, tile_size=2048)
        >>> list(grid)
        [Box(left=0, top=0, width=1088, height=1000), Box(left=1088, top=0, width=1012, height=1000)]
        >>> grid.tiles_of_region(1080, 20, 100, 50)
        [0, 1]
    """

    width: int
    height: int
    tile_size: int = DEFAULT_TILE_SIZE

    @cached_property
    def column_edges(self) -> tuple[int, ...]:
        """Left edge of every column, then the width of the picture."""
        return _edges(self.width, self.tile_size)

    @cached_property
    def row_edges(self) -> tuple[int, ...]:
        """Top edge of every row, then the height of the picture."""
        return _edges(self.height, self.tile_size)

    @property
    def columns(self) -> int:
        """Number of tiles side by side."""
        return _parts(self.width, self.tile_size)

    @property
    def rows(self) -> int:
        """Number of tiles one above the other."""
        return _parts(self.height, self.tile_size)

    @property
    def tiles(self) -> int:
        """Number of tiles in all."""
        return self.columns * self.rows

    def __iter__(self) -> Iterator[Box]:
        return map(self.box, range(self.tiles))

    def box(self, tile: int) -> Box:
        """Return the pixels that a tile covers.

        Args:
            tile: number of the tile, from 0.

        Returns:
            Its rectangle in the picture.

        Raises:
            IndexError: there is no such tile.
        """
        if not 0 <= tile < self.tiles:
            raise IndexError(f"tile {tile} of {self.tiles}")
        row, column = divmod(tile, self.columns)
        left, right = self.column_edges[column : column + 2]
        top, bottom = self.row_edges[row : row + 2]
        return Box(left, top, right - left, bottom - top)

    def tiles_of_region(self, left: int, top: int, width: int, height: int) -> list[int]:
        """Return the tiles that hold the pixels of a region.

        Args:
            left: left edge of the region in pixels, from 0.
            top: top edge of the region in pixels, from 0.
            width: width of the region in pixels, at least 1.
            height: height of the region in pixels, at least 1.

        Returns:
            Numbers of the tiles, ascending.

        Raises:
            ArgumentError: the region is empty or reaches out of the picture.
        """
        check_inside(Box(left, top, width, height), self.width, self.height)
        right, bottom = left + width, top + height
        rows, columns = _touched(self.row_edges, top, bottom), _touched(self.column_edges, left, right)
        return [row * self.columns + column for row, column in product(rows, columns)]


def check_inside(region: Box, width: int, height: int) -> None:
    """Refuse a region that is empty or reaches out of a picture.

    Args:
        region: the region, in pixels.
        width: width of the picture.
        height: height of the picture.

    Raises:
        ArgumentError: the region is empty or reaches out of the picture.
    """
    if not (
        0 <= region.left < region.left + region.width <= width
        and 0 <= region.top < region.top + region.height <= height
    ):
        raise ArgumentError(
            f"region {','.join(map(str, region))} (left,top,width,height) does not lie inside"
            f" the {width}x{height} picture"
        )


def _parts(length: int, tile_size: int) -> int:
    return -(-length // tile_size)


def _edges(length: int, tile_size: int) -> tuple[int, ...]:
    """Return the edges of the fewest parts of at most ``tile_size``, nearly equal multiples of 64, larger first."""
    parts = _parts(length, tile_size)
    units = -(-length // TILE_UNIT)
    small, larger = divmod(units, parts)
    starts = (part * small + min(part, larger) for part in range(parts))
    return (*(start * TILE_UNIT for start in starts), length)


def _touched(edges: tuple[int, ...], start: int, stop: int) -> range:
    return range(bisect_right(edges, start) - 1, bisect_left(edges, stop))
