"""Pictures that are coded smaller than they are."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fovea.bitstream import Box
from fovea.picture import coded_box, enlarge, map_at_full_scale, needed_box, shrink
from fovea.spec import scaled

SCALES = range(1, 9)


def picture(height, width):
    random = np.random.default_rng(1000 * height + width)
    y, x = np.mgrid[:height, :width]
    smooth = np.stack([x * 3 + y, 255 - x * 2, y * 5 - x], axis=2) % 256
    return np.clip(smooth + random.normal(0, 9, smooth.shape), 0, 255).astype(np.uint8)


def whole(coded, height, width, scale, threads=1):
    return enlarge(coded, Box(0, 0, width, height), width, height, scale, threads)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (8, 8), (17, 5), (40, 63)])
def test_sizes(size, scale):
    image = picture(*size)
    small = shrink(image, scale)
    assert small.shape == (scaled(size[0], scale), scaled(size[1], scale), 3)
    assert shrink(image[..., 0], scale).shape == small.shape[:2]
    assert needed_box(Box(0, 0, size[1], size[0]), size[1], size[0], scale) == Box(0, 0, *small.shape[1::-1])
    assert whole(small, *size, scale).shape == image.shape


@pytest.mark.parametrize("scale", SCALES)
def test_even_colors_stay(scale):
    image = np.full((37, 21, 3), (7, 100, 255), np.uint8)
    assert np.array_equal(whole(shrink(image, scale), 37, 21, scale), image)


def test_a_smooth_picture_keeps_its_place():
    y, x = np.mgrid[:160, :200]
    image = np.stack([x, y, x // 2 + y // 2], axis=2).astype(np.uint8)
    for scale in (4, 5, 6, 7):
        error = np.abs(whole(shrink(image, scale), 160, 200, scale).astype(int) - image)
        assert error[8:-8, 8:-8].max() <= 2, scale


@pytest.mark.parametrize("scale", [1, 3, 4, 7])
@pytest.mark.parametrize("size", [(1500, 5), (700, 300), (9, 1200)])
def test_narrow_and_wide_pictures(size, scale):
    """Pillow goes through the columns of narrow pictures first; strips of them are less narrow than the whole."""
    image = picture(*size)
    rows = Image.fromarray(np.pad(image, [(0, -side % 8) for side in size] + [(0, 0)], mode="edge"))
    rows = rows.resize((rows.width // 8 * scale, rows.height), Image.Resampling.BICUBIC)
    both = rows.resize((rows.width, rows.height // 8 * scale), Image.Resampling.BICUBIC)
    small = shrink(image, scale, threads=2)
    assert np.array_equal(small, np.asarray(both)[: small.shape[0], : small.shape[1]])

    region = Box(0, size[0] // 2, size[1], 3)
    needed = needed_box(region, *size[::-1], scale)
    part = small[needed.top : needed.top + needed.height, needed.left : needed.left + needed.width]
    expected = whole(small, *size, scale)[region.top : region.top + region.height]
    assert np.array_equal(enlarge(part, region, *size[::-1], scale, 1), expected)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_part_has_the_pixels_of_the_whole(data):
    height, width = data.draw(st.integers(1, 90)), data.draw(st.integers(1, 90))
    scale = data.draw(st.integers(1, 7))
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    region = Box(left, top, data.draw(st.integers(1, width - left)), data.draw(st.integers(1, height - top)))
    coded = np.random.default_rng(0).integers(0, 256, (scaled(height, scale), scaled(width, scale), 3), np.uint8)
    expected = whole(coded, height, width, scale)[top : top + region.height, left : left + region.width]
    needed = needed_box(region, width, height, scale)
    part = coded[needed.top : needed.top + needed.height, needed.left : needed.left + needed.width]
    assert np.array_equal(enlarge(part, region, width, height, scale, 1), expected)
    cover = coded_box(region, scale)
    assert cover.left + cover.width <= coded.shape[1] and cover.top + cover.height <= coded.shape[0]
    assert cover.left * 8 <= left * scale and (left + region.width) * scale <= (cover.left + cover.width) * 8


def test_strips_and_threads_change_nothing():
    coded = np.random.default_rng(2).integers(0, 256, (scaled(900, 3), scaled(70, 3), 3), np.uint8)
    assert np.array_equal(whole(coded, 900, 70, 3, threads=1), whole(coded, 900, 70, 3, threads=4))


def test_every_machine_gives_these_pixels():
    digest = hashlib.sha256()
    for scale in range(1, 8):
        coded = np.random.default_rng(scale).integers(0, 256, (scaled(61, scale), scaled(47, scale), 3), np.uint8)
        digest.update(whole(coded, 61, 47, scale).tobytes())
    assert digest.hexdigest()[:16] == "06059a9aaafb6175"


@pytest.mark.parametrize(
    ("scale", "expected"), [(4, "27defb3490bc9da8"), (2, "b95df26ab3810e4f"), (1, "796f48ee464ac210")]
)
def test_every_machine_codes_these_pixels(scale, expected):
    """Where the picture is halved again and again, the weights of shrinking have no rounding errors either."""
    samples = np.random.default_rng(9).integers(0, 256, (61, 47, 3), np.uint8)
    assert hashlib.sha256(shrink(samples, scale).tobytes()).hexdigest()[:16] == expected


def test_map_counts_pixels_of_the_picture():
    found = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(map_at_full_scale(found, 48, 32, 8, 16), found)
    large = map_at_full_scale(found, 90, 60, 4, 16)
    assert large.shape == (4, 6)
    assert np.array_equal(large, found.repeat(2, axis=0).repeat(2, axis=1))
