"""JPEG 2000 files are read correctly or refused."""

import io

import numpy as np
import pytest
from PIL import Image

from fovea.errors import ImageError
from fovea.picture import Picture, open_picture

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


def narrow(mode, bits, **options):
    """Return a file of samples of so many bits, and the levels in 0..255 that they stand for."""
    samples = PIXELS[..., : len(mode)].squeeze() % 2**bits
    file = io.BytesIO()
    # The coded numbers are the samples less half of their range.
    Image.fromarray(samples + np.uint8(128 - 2 ** (bits - 1))).save(file, "JPEG2000", **options)
    data = bytearray(file.getvalue())
    start = data.index(b"\xff\x4f\xff\x51") + 42
    data[start : start + 3 * len(mode) : 3] = len(mode) * bytes([bits - 1])
    return data, np.rint(samples * (255 / (2**bits - 1)))


@pytest.mark.parametrize("options", [{}, {"no_jp2": True}])
@pytest.mark.parametrize("bits", range(1, 8))
@pytest.mark.parametrize("mode", ["L", "LA"])
def test_narrow_gray(mode, bits, options):
    data, levels = narrow(mode, bits, **options)
    assert np.array_equal(open_picture(data).to_array(), levels)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("bits", [1, 4, 7])
def test_narrow_color_is_refused(mode, bits):
    with pytest.raises(ImageError, match="Pillow misreads JPEG 2000 with fewer than 8 bits per color"):
        open_picture(jpeg2000(mode, bits - 1))


def test_color_with_an_alpha_of_one_bit():
    pixels = PIXELS.copy()
    opaque = pixels[..., 3] >= 128
    pixels[..., 3] = np.where(opaque, 128, 127)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG2000")
    data = bytearray(file.getvalue())
    data[data.index(b"\xff\x4f\xff\x51") + 42 + 9] = 0
    picture = open_picture(data)
    assert np.array_equal(picture.pixels, PIXELS[..., :3])
    assert np.array_equal(picture.alpha, 255 * opaque)


def test_indices_of_a_palette_of_few_bits_are_refused():
    file = io.BytesIO()
    Image.fromarray(PIXELS[..., 0]).save(file, "JPEG2000")
    image = Image.open(file)
    image.fp = io.BytesIO(narrow("L", 4)[0])
    image._mode = "P"
    with pytest.raises(ImageError, match="fewer than 8 bits"):
        Picture.from_image(image)


def test_deep_gray():
    values = np.arange(0, 65536, 300, np.uint16).reshape(1, -1)
    file = io.BytesIO()
    Image.fromarray(values).save(file, "JPEG2000")
    assert np.array_equal(open_picture(file.getvalue()).to_array(), np.rint(values / 257))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_signed_samples_are_refused(mode):
    with pytest.raises(ImageError, match="signed samples"):
        open_picture(jpeg2000(mode, 128 + 7))
