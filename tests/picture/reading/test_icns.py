"""Icons of macOS whose images are larger than their places in the file are refused before they are decoded."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from fovea.errors import ImageError
from fovea.picture import open_picture

PIXELS = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


def icon(kind, side, name=b"icp5"):
    """An ICNS file of one image, by default in the place of 32x32 pixels."""
    file = io.BytesIO()
    Image.fromarray(PIXELS).resize((side, side), Image.Resampling.NEAREST).save(file, kind)
    image = file.getvalue()
    return b"icns" + struct.pack(">I", 16 + len(image)) + name + struct.pack(">I", 8 + len(image)) + image


@pytest.mark.parametrize("kind", ["PNG", "JPEG2000"])
def test_images(kind):
    assert np.array_equal(open_picture(icon(kind, 32)).pixels, PIXELS)


@pytest.mark.parametrize("kind", ["PNG", "JPEG2000"])
def test_an_image_that_is_too_large_is_refused(kind):
    with pytest.raises(ImageError, match="ICNS with an image of 64x64 pixels in place of 32x32"):
        open_picture(icon(kind, 64))


def test_the_limit_on_pixels():
    with pytest.raises(ImageError, match="an image of 1024x1024 pixels is not decoded"):
        open_picture(icon("PNG", 32, b"ic10"), max_pixels=1000)
