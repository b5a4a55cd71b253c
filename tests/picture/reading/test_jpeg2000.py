"""JPEG 2000 files are read correctly or refused."""

import io

import numpy as np
import pytest
from PIL import Image

from fovea.errors import ImageError
from fovea.picture import open_picture

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 14, 4), np.uint8)


def jpeg2000(mode, depth=None, **options):
    """Return a file of 8 bits per sample, whose header may state another depth."""
    file = io.BytesIO()
    Image.fromarray(PIXELS[..., : len(mode)].squeeze()).save(file, "JPEG2000", **options)
    data = bytearray(file.getvalue())
    start = data.index(b"\xff\x4f\xff\x51") + 42
    if depth is not None:
        data[start : start + 3 * len(mode) : 3] = len(mode) * bytes([depth])
    return bytes(data)


@pytest.mark.parametrize("options", [{}, {"no_jp2": True}])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_eight_bits(mode, options):
    assert np.array_equal(open_picture(jpeg2000(mode, **options)).to_array(), PIXELS[..., : len(mode)].squeeze())


@pytest.mark.parametrize("mode", ["LA", "RGB", "RGBA"])
@pytest.mark.parametrize("depth", [10, 12, 16])
def test_deep_color_is_refused(mode, depth):
    with pytest.raises(ImageError, match="Pillow misreads JPEG 2000 with more than 8 bits per color"):
        open_picture(jpeg2000(mode, depth - 1))


def test_deep_gray():
    values = np.arange(0, 65536, 300, np.uint16).reshape(1, -1)
    file = io.BytesIO()
    Image.fromarray(values).save(file, "JPEG2000")
    assert np.array_equal(open_picture(file.getvalue()).to_array(), np.rint(values / 257))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_signed_samples_are_refused(mode):
    with pytest.raises(ImageError, match="signed samples"):
        open_picture(jpeg2000(mode, 128 + 7))
