"""The limit on pixels, the limit of Pillow, and errors of memory."""

import io

import numpy as np
import pytest
from PIL import Image

from fovea.bitstream import DEFAULT_MAX_PIXELS
from fovea.errors import ImageError
from fovea.picture import Picture, open_picture
from fovea.picture.reading import reason_of

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def coded(kind, **options):
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, kind, **options)
    return file.getvalue()


def test_the_limit_of_pillow_does_not_change(monkeypatch, recwarn):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_100_000)
    for kind in ("PNG", "JPEG", "TIFF", "BMP", "GIF", "PPM"):
        file = io.BytesIO()
        Image.new("L", (1500, 1500)).save(file, kind)
        assert open_picture(file).width == 1500
        with pytest.raises(Image.DecompressionBombError):
            Image.open(file)
    assert not recwarn.list
    assert Image.MAX_IMAGE_PIXELS == 1_100_000


def test_the_limit_on_pixels():
    data = coded("PNG")
    assert open_picture(data, max_pixels=600).width == 30
    with pytest.raises(
        ImageError, match=r"30x20 pixels is not decoded: more than 599 have to be allowed by max_pixels"
    ):
        open_picture(data, max_pixels=599)
    bomb = b"P5 16000 16000 255\n"
    assert DEFAULT_MAX_PIXELS < 16000**2
    with pytest.raises(ImageError, match=r"more than 178956970 .* \(--max-pixels\)"):
        open_picture(bomb)
    with pytest.raises(ImageError, match="truncated"):
        open_picture(bomb, max_pixels=16000**2)


@pytest.mark.parametrize(
    "error", [MemoryError(), OSError("decoder error -9"), OSError("out of memory error when reading image file")]
)
def test_a_lack_of_memory_is_not_reported_as_damage(error, monkeypatch):
    def load(_image):
        raise error

    monkeypatch.setattr("fovea.picture.picture.load", load)
    with pytest.raises(MemoryError):
        open_picture(coded("PNG"))
    with pytest.raises(MemoryError):
        Picture.from_image(Image.new("L", (2, 2)))


def test_a_lack_of_memory_at_opening(monkeypatch):
    def open_image(_file):
        raise MemoryError

    monkeypatch.setattr("fovea.picture.files.open_image", open_image)
    with pytest.raises(MemoryError):
        open_picture(coded("PNG"))


def test_no_reason_is_empty(monkeypatch):
    def load(_image):
        raise EOFError

    monkeypatch.setattr("fovea.picture.picture.load", load)
    with pytest.raises(ImageError, match="cannot be decoded: EOFError"):
        open_picture(coded("PNG"))
    assert reason_of(OSError(2, "No such file")) == "No such file"
