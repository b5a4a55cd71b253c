import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fovea.recognition.preprocessing import Preprocessing, letterbox, resize, stretch

sides = st.integers(1, 300)


def bilinear(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Four-neighbor interpolation between pixel centers, edges repeated."""

    def axis(wanted: int, given_: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        place = np.clip((np.arange(wanted) + 0.5) * given_ / wanted - 0.5, 0, given_ - 1)
        low = np.floor(place).astype(int)
        return low, np.minimum(low + 1, given_ - 1), place - low

    (y0, y1, fy), (x0, x1, fx) = (axis(n, m) for n, m in zip(size, image.shape, strict=False))
    source = image.astype(np.float64)
    rows = source[y0] * (1 - fy)[:, None, None] + source[y1] * fy[:, None, None]
    return rows[:, x0] * (1 - fx)[None, :, None] + rows[:, x1] * fx[None, :, None]


@pytest.mark.parametrize("size", [(13, 17), (48, 64), (90, 33), (200, 201)])
def test_resize_interpolates_the_four_nearest_pixels(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    assert np.abs(resize(image, size) - bilinear(image, size)).max() <= 1.001


@given(sides, sides, sides, sides, st.booleans())
def test_letterbox_is_undone(height: int, width: int, tall: int, wide: int, centered: bool) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    canvas, placed = letterbox(image, (tall, wide), centered=centered)
    assert canvas.shape == (tall, wide, 3)
    top, left = placed.offset
    inside = np.array([[left, top, left + width * placed.scale[1], top + height * placed.scale[0]]])
    np.testing.assert_allclose(placed.undo(inside), [[0, 0, width, height]], rtol=1e-5, atol=1e-3)


def test_letterbox_fills_around_the_image() -> None:
    image = np.full((20, 40, 3), 7, np.uint8)
    centered, _ = letterbox(image, (40, 40))
    assert (centered[:10] == 114).all() and (centered[10:30] == 7).all() and (centered[30:] == 114).all()
    cornered, _ = letterbox(image, (40, 40), centered=False, fill=3)
    assert (cornered[:20] == 7).all() and (cornered[20:] == 3).all()


def test_stretch_is_undone_and_clipped() -> None:
    canvas, placed = stretch(np.zeros((50, 200, 3), np.uint8), (100, 100))
    assert canvas.shape == (100, 100, 3)
    assert placed.undo(np.array([[10.0, 10, 150, 90]])).tolist() == [[20, 5, 200, 45]]


def test_tensor_follows_the_description() -> None:
    canvas = np.full((2, 2, 3), (255, 0, 51), np.uint8)
    plain = Preprocessing().tensor([canvas])
    assert plain.shape == (1, 3, 2, 2) and plain.dtype == np.float32
    np.testing.assert_allclose(plain[0, :, 0, 0], [1, 0, 0.2])
    turned = Preprocessing(color="bgr", range="0..255", layout="nhwc", mean=(1, 2, 5), std=(2, 1, 10)).tensor([canvas])
    np.testing.assert_allclose(turned[0, 0, 0], [25, -2, 25])


def test_size_is_one_number_or_two() -> None:
    assert Preprocessing.model_validate({"size": 320}).size == (320, 320)
    assert Preprocessing.model_validate({"size": [256, 512]}).size == (256, 512)
    with pytest.raises(ValidationError):
        Preprocessing.model_validate({"size": 0})
