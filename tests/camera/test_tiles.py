import numpy as np
import pytest

from fovea.bitstream import Box, TileGrid
from fovea.camera.tiles import SentTiles, default_tile_size, rectangles, split

GRID = TileGrid(320, 192, tile_size=64)
NOTHING = -100.0  # an attainable quality that makes no tile better


def _sent(pixels, refresh=1e9):
    sent = SentTiles(GRID, refresh)
    sent.mark(pixels, Box(0, 0, 320, 192), 0.0, 50.0)
    return sent


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(60, 180, (192, 320, 3)).astype(np.uint8)


def test_all_is_sent_to_somebody_who_has_nothing(picture):
    sent = SentTiles(GRID, 30)
    assert not sent.known
    assert sent.choose(picture, 0, NOTHING) == list(range(15))
    sent.mark(picture, Box(0, 0, 320, 64), 0, 50)
    assert not sent.known
    sent.mark(picture, Box(0, 0, 320, 192), 0, 50)
    assert sent.known
    sent.forget()
    assert sent.choose(picture, 1, NOTHING) == list(range(15))


def test_noise_of_the_sensor_is_no_change(picture):
    sent = _sent(picture)
    noisy = np.clip(picture + np.random.default_rng(1).normal(0, 8, picture.shape), 0, 255).astype(np.uint8)
    assert sent.choose(noisy, 1, NOTHING) == []


@pytest.mark.parametrize(("top", "left", "tile"), [(70, 70, 6), (0, 319 - 8, 4), (180, 100, 11)])
def test_a_small_object_changes_its_tile(picture, top, left, tile):
    sent = _sent(picture)
    changed = picture.copy()
    changed[top : top + 8, left : left + 8] = 255
    assert sent.choose(changed, 1, NOTHING) == [tile]


def test_slow_changes_add_up(picture):
    sent = _sent(picture)
    chosen = [bool(sent.choose(picture + np.uint8(step), step, NOTHING)) for step in range(10)]
    assert chosen == [step > 6 for step in range(10)]


def test_each_tile_is_sent_anew_in_time(picture):
    sent = _sent(picture, refresh=10)
    last = np.zeros(15)
    for step in range(1, 301):
        now = step / 10
        for tile in sent.choose(picture, now, NOTHING):
            sent.mark(picture, GRID.box(tile), now, 50)
            last[tile] = now
        assert (now - last).max() <= 10.1
    assert last.min() > 19


def test_tiles_of_a_frame_that_is_passed_over_stay_due(picture):
    sent = _sent(picture, refresh=10)
    first = sent.choose(picture, 1, NOTHING)
    assert first and sent.choose(picture, 1.1, NOTHING) == first


def test_what_stands_still_becomes_better(picture):
    sent = _sent(picture)
    assert sent.choose(picture, 1, attainable=64) == []
    assert sent.choose(picture, 1, attainable=66) == list(range(15))
    sent.mark(picture, GRID.box(3), 1, 66)
    assert 3 not in sent.choose(picture, 2, attainable=66)


@pytest.mark.parametrize("seed", range(5))
def test_rectangles_cover_the_tiles_and_nothing_else(seed):
    random = np.random.default_rng(seed)
    tiles = np.flatnonzero(random.random(GRID.tiles) < 0.5)
    covered = np.zeros((192, 320), int)
    for box in rectangles(GRID, tiles):
        covered[box.top : box.top + box.height, box.left : box.left + box.width] += 1
    wanted = np.zeros_like(covered)
    for tile in tiles:
        box = GRID.box(int(tile))
        wanted[box.top : box.top + box.height, box.left : box.left + box.width] = 1
    np.testing.assert_array_equal(covered, wanted)


def test_all_tiles_are_one_rectangle():
    assert rectangles(GRID, range(15)) == [Box(0, 0, 320, 192)]


@pytest.mark.parametrize("pixels", [1, 5000, 20000, 1e9])
def test_splitting_keeps_what_is_covered(pixels):
    boxes = split(GRID, [Box(0, 0, 320, 192)], pixels)
    covered = np.zeros((192, 320), int)
    for box in boxes:
        covered[box.top : box.top + box.height, box.left : box.left + box.width] += 1
        assert box.width * box.height <= max(pixels, 64 * 64)
    assert (covered == 1).all()


def test_tiles_of_large_frames_are_larger():
    assert (default_tile_size(640, 480), default_tile_size(1080, 1920)) == (64, 128)
