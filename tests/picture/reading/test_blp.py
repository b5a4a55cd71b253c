"""BLP files whose JPEG has another size than the image are refused."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from fovea.errors import ImageError
from fovea.picture import open_picture


def texture(pixels, width, height):
    """A BLP file that holds a JPEG, in the order of blue, green and red."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95)
    jpeg = file.getvalue()
    start, rest = jpeg[:100], jpeg[100:]
    head = b"BLP1" + struct.pack("<iIIIii", 0, 0, width, height, 5, 0)
    offset = len(head) + 128 + 4 + len(start)
    tables = struct.pack("<16I", offset, *[0] * 15) + struct.pack("<16I", len(rest), *[0] * 15)
    return head + tables + struct.pack("<I", len(start)) + start + rest


def test_a_jpeg_of_the_size_of_the_image():
    pixels = np.full((16, 24, 3), (10, 100, 200), np.uint8)
    read = open_picture(texture(pixels, 24, 16)).pixels
    assert np.abs(read.astype(int) - pixels[..., ::-1]).max() <= 3


@pytest.mark.parametrize("side", [64, 8])
def test_a_jpeg_of_another_size(side):
    with pytest.raises(ImageError, match=f"BLP with a JPEG of {side}x{side} pixels in place of 24x16: it is damaged"):
        open_picture(texture(np.zeros((side, side, 3), np.uint8), 24, 16))
