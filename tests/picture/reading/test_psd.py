"""PSD files of one bit per pixel, in which 1 is black."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from fovea.picture import Picture, open_picture

BITS = np.random.default_rng(0).integers(0, 2, (5, 12), np.uint8)


def psd(samples, bits, mode):
    """Return a file of one channel without resources and layers."""
    height, width = BITS.shape
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 1, height, width, bits, mode)
    return head + bytes(12) + struct.pack(">H", 0) + samples.tobytes()


@pytest.mark.parametrize("keep_metadata", [True, False])
def test_one_bit_per_pixel(keep_metadata):
    data = psd(np.packbits(BITS, axis=1), 1, 0)
    assert np.array_equal(open_picture(data, keep_metadata).to_array(), 255 * (1 - BITS))
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(Picture.from_image(image).to_array(), 255 * (1 - BITS))


def test_gray():
    assert np.array_equal(open_picture(psd(100 * BITS, 8, 1)).to_array(), 100 * BITS)
