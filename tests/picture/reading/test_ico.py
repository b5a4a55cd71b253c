"""Icons have the size of the image that they hold, and are not decoded before this is known."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from fovea.errors import ImageError
from fovea.picture import open_picture

from .pngs import chunk

PIXELS = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


def icon(*images):
    """An ICO file of images, each with its side according to the list."""
    places, start = b"", 6 + 16 * len(images)
    for side, image in images:
        places += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(image), start)
        start += len(image)
    return struct.pack("<HHH", 0, 1, len(images)) + places + b"".join(image for _, image in images)


def png_of(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def bitmap_head(width, height):
    return struct.pack("<IiiHHIIiiII", 40, width, 2 * height, 1, 32, 0, 0, 0, 0, 0, 0)


def test_the_size_is_that_of_the_image():
    picture = open_picture(icon((16, png_of(PIXELS))), max_pixels=64 * 48)
    assert np.array_equal(picture.pixels, PIXELS)


@pytest.mark.parametrize("bitmap", [True, False])
def test_the_largest_is_read(bitmap):
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "ICO", sizes=[(64, 48), (16, 12)], bitmap_format="bmp" if bitmap else "png")
    picture = open_picture(file)
    assert picture.mode == ("RGBA" if bitmap else "RGB")
    assert np.array_equal(picture.pixels, PIXELS)


@pytest.mark.parametrize(
    "image",
    [
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8000, 6000, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b""),
        bitmap_head(8000, 6000),
    ],
)
def test_an_image_beyond_the_limit_is_refused_before_it_is_decoded(image):
    with pytest.raises(ImageError, match="an image of 8000x6000 pixels is not decoded: more than 1000 "):
        open_picture(icon((16, image)), max_pixels=1000)


def test_no_other_image_takes_the_place_of_the_first():
    """The first image has the size that the list states for the second, which is larger than stated."""
    small = np.full((16, 16, 3), 7, np.uint8)
    picture = open_picture(icon((32, png_of(small)), (16, png_of(PIXELS))), max_pixels=256)
    assert np.array_equal(picture.pixels, small)
