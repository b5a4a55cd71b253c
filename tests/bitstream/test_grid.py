import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fovea.bitstream import MAX_SIDE, TILE_UNIT, Box, TileGrid
from fovea.errors import ArgumentError

grids = st.builds(
    TileGrid,
    width=st.integers(1, 900),
    height=st.integers(1, 900),
    tile_size=st.integers(1, 8).map(lambda units: units * TILE_UNIT),
)


@given(grids)
def test_tiles_cover_every_pixel_once(grid):
    seen = np.zeros((grid.height, grid.width), np.uint8)
    for left, top, width, height in grid:
        assert width > 0 and height > 0
        seen[top : top + height, left : left + width] += 1
    assert (seen == 1).all()


@given(st.integers(1, MAX_SIDE), st.integers(1, 64))
def test_parts_are_few_and_balanced(length, units):
    tile_size = units * TILE_UNIT
    edges = TileGrid(length, 1, tile_size).column_edges
    sizes = np.diff(edges)
    assert edges[0] == 0 and edges[-1] == length
    assert len(sizes) == -(-length // tile_size)
    assert (np.array(edges[:-1]) % TILE_UNIT == 0).all()
    assert max(sizes) <= tile_size
    padded = -(-sizes // TILE_UNIT)
    assert max(padded) - min(padded) <= 1
    assert list(padded) == sorted(padded, reverse=True)


@pytest.mark.parametrize(
    ("length", "tile_size", "edges"),
    [
        (1, 64, (0, 1)),
        (2048, 2048, (0, 2048)),
        (2049, 2048, (0, 1088, 2049)),
        (2100, 2048, (0, 1088, 2100)),
        (640, 192, (0, 192, 384, 512, 640)),
        (129, 64, (0, 64, 128, 129)),
    ],
)
def test_the_rule_of_the_format(length, tile_size, edges):
    assert TileGrid(length, 1, tile_size).column_edges == edges
    assert TileGrid(1, length, tile_size).row_edges == edges


@given(grids, st.data())
def test_tiles_of_region_are_those_that_meet_it(grid, data):
    left = data.draw(st.integers(0, grid.width - 1))
    top = data.draw(st.integers(0, grid.height - 1))
    width = data.draw(st.integers(1, grid.width - left))
    height = data.draw(st.integers(1, grid.height - top))

    def meets(box: Box) -> bool:
        return (
            box.left < left + width
            and box.left + box.width > left
            and box.top < top + height
            and box.top + box.height > top
        )

    expected = [tile for tile, box in enumerate(grid) if meets(box)]
    assert grid.tiles_of_region(left, top, width, height) == expected


def test_a_region_that_ends_at_a_border_takes_no_tile_beyond():
    grid = TileGrid(200, 200, tile_size=64)
    assert grid.tiles_of_region(64, 64, 64, 64) == [5]
    assert grid.tiles_of_region(63, 64, 65, 65) == [4, 5, 8, 9]
    assert grid.tiles_of_region(0, 0, 200, 200) == list(range(16))


@pytest.mark.parametrize(
    "region", [(-1, 0, 5, 5), (0, -1, 5, 5), (0, 0, 0, 5), (0, 0, 5, -2), (96, 0, 5, 5), (0, 46, 5, 5)]
)
def test_a_region_outside_the_picture_is_refused(region):
    with pytest.raises(ArgumentError, match="100x50"):
        TileGrid(100, 50).tiles_of_region(*region)


@pytest.mark.parametrize("tile", [-1, 1])
def test_no_such_tile(tile):
    with pytest.raises(IndexError):
        TileGrid(100, 50).box(tile)
