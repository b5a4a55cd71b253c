"""FITS files are read as their headers say, or refused."""

import io

import numpy as np
import pytest
from PIL import Image

from fovea.errors import ImageError
from fovea.picture import Picture, open_picture


def header(**cards):
    """Return a header with these values, filled up to a whole block."""
    lines = [f"{name:8}= {value:>20}" for name, value in cards.items()]
    return "".join(line.ljust(80) for line in [*lines, "END"]).encode().ljust(2880)


def fits(samples, begin=None, **cards):
    """Return a file of samples, whose first row is the lowest one."""
    bits = samples.dtype.itemsize * (-8 if samples.dtype.kind == "f" else 8)
    axes = {f"NAXIS{number}": side for number, side in enumerate(reversed(samples.shape), 1)}
    data = samples.astype(samples.dtype.newbyteorder(">")).tobytes()
    first = begin or {"SIMPLE": "T"}
    return header(**first, BITPIX=bits, NAXIS=samples.ndim, **axes, **cards) + data + bytes(-len(data) % 2880)


def levels(data):
    return open_picture(data).to_array()[::-1].tolist()


def test_unsigned_samples_of_16_bits():
    values = np.array([[0, 10_000, 32_767], [32_768, 50_000, 65_535]])
    data = fits((values - 32_768).astype(np.int16), BSCALE="1.0", BZERO="3.2768D4 / as usual")
    assert levels(data) == np.rint(values / 257).tolist()
    with Image.open(io.BytesIO(data)) as image:
        assert Picture.from_image(image).to_array()[::-1].tolist() == np.rint(values / 257).tolist()


def test_signed_samples_of_16_bits():
    assert levels(fits(np.array([[0, 257, 32_767]], np.int16))) == [[0, 1, 127]]
    with pytest.raises(ImageError, match=r"FITS of numbers outside 0\.\.65535: scale the image"):
        open_picture(fits(np.array([[-1, 257, 32_767]], np.int16)))


def test_samples_of_8_bits():
    samples = np.array([[0, 100, 255]], np.uint8)
    assert levels(fits(samples)) == samples.tolist()
    assert levels(fits(samples, BSCALE=-1, BZERO=255)) == (255 - samples).tolist()
    with pytest.raises(ImageError, match=r"outside 0\.\.255"):
        open_picture(fits(samples, BZERO=1))


def test_samples_of_32_bits():
    assert levels(fits(np.array([[0, 257, 65_535]], np.int32))) == [[0, 1, 255]]
    assert levels(fits(np.array([[-(2**31), 257 - 2**31]], np.int32), BZERO=2**31)) == [[0, 1]]
    with pytest.raises(ImageError, match=r"outside 0\.\.65535"):
        open_picture(fits(np.array([[0]], np.int32), BZERO=65_536))


def test_samples_of_64_bits_are_refused():
    with pytest.raises(ImageError):
        open_picture(fits(np.zeros((1, 3), np.int64)))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_floating_point(kind):
    samples = np.array([[0, 0.2, 1]], kind)
    assert levels(fits(samples)) == [[0, 51, 255]]
    assert levels(fits(samples, BSCALE=-1, BZERO=1)) == [[255, 204, 0]]


def test_an_image_after_an_empty_header():
    begin = header(SIMPLE="T", BITPIX=8, NAXIS=0, BZERO=7)
    samples = np.array([[-32_768, 32_767]], np.int16)
    assert levels(begin + fits(samples, {"XTENSION": "'IMAGE   '"}, BZERO=32_768)) == [[0, 255]]
    for kind in ("'BINTABLE'", "'TABLE   '"):
        with pytest.raises(ImageError, match="FITS of a table, or of compressed samples"):
            open_picture(begin + fits(np.zeros((2, 3), np.uint8), {"XTENSION": kind}))


@pytest.mark.parametrize(("scale", "zero"), [(0.5, 0), (2, 0), (1, 0.5)])
def test_other_scales_are_refused(scale, zero):
    with pytest.raises(ImageError, match=f"scaled by {scale:g} from {zero:g}, which does not say what is white"):
        open_picture(fits(np.zeros((2, 3), np.int16), BSCALE=scale, BZERO=zero))


@pytest.mark.parametrize("number", ["x", "NaN", "1E999"])
def test_damaged_numbers_are_refused(number):
    with pytest.raises(ImageError):
        open_picture(fits(np.zeros((2, 3), np.int16), BZERO=number))


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32])
def test_pixels_without_a_value_are_refused(kind):
    samples = np.array([[5, 7]], kind)
    assert open_picture(fits(samples, BLANK=6)).to_array().shape == (1, 2)
    with pytest.raises(ImageError, match="pixels that have no value"):
        open_picture(fits(samples, BLANK=7))


def test_the_first_plane_of_several():
    assert levels(fits(np.array([[[1, 2]], [[3, 4]]], np.uint8))) == [[1, 2]]
