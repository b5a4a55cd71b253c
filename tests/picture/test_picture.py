"""Pictures of arrays and images."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from fovea.bitstream import Metadata
from fovea.errors import ImageError
from fovea.picture import Picture

shapes = st.tuples(st.integers(1, 20), st.integers(1, 20))


@given(shapes.flatmap(lambda s: st.sampled_from([s, (*s, 2), (*s, 3), (*s, 4)])).flatmap(
    lambda s: hnp.arrays(np.uint8, s)
))  # fmt: skip
def test_arrays_and_images_are_returned_unchanged(array):
    picture = Picture.from_array(array)
    assert np.array_equal(picture.to_array(), array)
    image = picture.to_image()
    assert image.mode == picture.mode
    assert np.array_equal(np.asarray(image), array)
    again = Picture.from_image(image)
    assert again.mode == picture.mode
    assert np.array_equal(again.to_array(), array)


@pytest.mark.parametrize(
    ("shape", "mode"),
    [((4, 5), "L"), ((4, 5, 1), "L"), ((4, 5, 2), "LA"), ((4, 5, 3), "RGB"), ((4, 5, 4), "RGBA")],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, bool, np.float16, np.float32, np.float64])
def test_shapes_and_types(shape, mode, dtype):
    picture = Picture.from_array(np.ones(shape, dtype))
    assert (picture.mode, picture.pixels.shape, picture.pixels.dtype) == (mode, (4, 5, 3), np.uint8)
    assert (picture.alpha is not None) == mode.endswith("A")
    assert picture.pixels.flags.c_contiguous


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([0, 1, 128, 255], np.uint8), [0, 1, 128, 255]),
        (np.array([False, True]), [0, 255]),
        (np.array([0, 128, 129, 257, 32768, 65535], np.uint16), [0, 0, 1, 1, 128, 255]),
        (np.array([0, 128, 129, 257, 32768, 65535], ">u2"), [0, 0, 1, 1, 128, 255]),
        (np.array([0, 0.1, 0.5, 1], np.float32), [0, 26, 128, 255]),
    ],
)
def test_scaling(samples, expected):
    assert Picture.from_array(samples[np.newaxis]).to_array().tolist() == [expected]


@given(st.integers(0, 255))
def test_wider_types_hold_every_level(level):
    for samples in (np.array([[level * 257]], np.uint16), np.array([[level / 255]], np.float32)):
        assert Picture.from_array(samples).to_array().item() == level


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(5, np.uint8), "channels last"),
        (np.zeros((3, 40, 50), np.uint8), r"uint8 \[3, 40, 50\]"),
        (np.zeros((1, 4, 5, 3), np.uint8), "channels last"),
        (np.zeros((4, 5), np.int64), "int64"),
        (np.zeros((4, 5), np.complex64), "complex64"),
        (np.zeros((4, 5), object), "object"),
        (np.full((4, 5), 1.01), r"0\.\.1"),
        (np.full((4, 5), -0.01), r"0\.\.1"),
        (np.full((4, 5), np.nan), r"0\.\.1"),
        (np.zeros((0, 5), np.uint8), "5x0"),
        (np.zeros((5, 0, 3), np.float32), "0x5"),
        (np.zeros((1, 2**17 + 1), np.uint8), "too large"),
    ],
)
def test_arrays_that_are_not_a_picture_are_refused(array, message):
    with pytest.raises(ImageError, match=message):
        Picture.from_array(array)


def test_too_many_pixels_are_refused_before_they_are_read():
    wide = np.broadcast_to(np.float64(0), (2**14, 2**14 + 1))
    with pytest.raises(ImageError, match="too large"):
        Picture.from_array(wide)


def test_an_rgb_array_is_shared():
    array = np.zeros((4, 5, 3), np.uint8)
    picture = Picture.from_array(array)
    assert np.shares_memory(picture.pixels, array)
    assert np.shares_memory(picture.to_array(), array)


def test_the_pixels_of_a_view_are_contiguous():
    array = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)[::-1, ::2]
    picture = Picture.from_array(array)
    assert picture.pixels.flags.c_contiguous
    assert np.array_equal(picture.pixels, array)


def test_gray_is_the_luma_of_the_colors():
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [9, 9, 9]]], np.uint8)
    assert Picture(pixels, "L").to_array().tolist() == [[76, 150, 9]]


@pytest.mark.parametrize(
    "fields",
    [
        {"pixels": np.zeros((4, 5), np.uint8)},
        {"pixels": np.zeros((4, 5, 3), np.int16)},
        {"pixels": np.zeros((0, 5, 3), np.uint8)},
        {"mode": "CMYK"},
        {"mode": "RGBA"},
        {"alpha": np.zeros((4, 5), np.uint8)},
        {"mode": "LA", "alpha": np.zeros((5, 4), np.uint8)},
        {"mode": "LA", "alpha": np.zeros((4, 5), bool)},
    ],
)
def test_parts_that_do_not_fit_are_refused(fields):
    with pytest.raises(ImageError):
        Picture(**({"pixels": np.zeros((4, 5, 3), np.uint8)} | fields))


def test_metadata_are_stored_in_the_image():
    metadata = Metadata(b"Exif\0\0", b"icc", b"xmp")
    image = Picture(np.zeros((2, 2, 3), np.uint8), metadata=metadata).to_image()
    assert image.info == {"exif": b"Exif\0\0", "icc_profile": b"icc", "xmp": b"xmp"}
    assert Picture.from_image(image).metadata == metadata
    assert Picture(np.zeros((2, 2, 3), np.uint8)).to_image().info == {}


def test_an_image_is_copied_once():
    image = Image.new("RGB", (6000, 4000))
    tracemalloc.start()
    picture = Picture.from_image(image)
    assert tracemalloc.get_traced_memory()[1] < 1.5 * picture.pixels.nbytes
    tracemalloc.stop()
