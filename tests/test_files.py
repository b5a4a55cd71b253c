"""``fovea.imread`` and ``fovea.imwrite``."""

import numpy as np
import pytest
from PIL import Image

import fovea
from fovea.errors import ArgumentError, BitstreamError, FoveaError, ImageError

BLUE = np.full((40, 56, 3), (20, 60, 220), np.uint8)


@pytest.fixture
def blue(tmp_path):
    path = tmp_path / "blue.fov"
    fovea.imwrite(path, BLUE, quality=90)
    return path


def test_channels_are_red_green_blue(blue):
    pixels = fovea.imread(blue)
    assert pixels.shape == BLUE.shape and pixels.dtype == np.uint8
    assert np.abs(pixels.mean((0, 1)) - BLUE[0, 0]).max() < 8


def test_pixels_are_those_of_decode(blue):
    assert np.array_equal(fovea.imread(str(blue)), fovea.decode(blue.read_bytes()))


def test_quality_changes_the_file(tmp_path):
    noise = np.random.default_rng(1).integers(0, 255, BLUE.shape, np.uint8)
    for quality in (10, 90):
        fovea.imwrite(tmp_path / f"{quality}.fov", noise, quality=quality)
    assert (tmp_path / "10.fov").stat().st_size < (tmp_path / "90.fov").stat().st_size


def test_the_content_tells_the_format(tmp_path, blue):
    Image.fromarray(BLUE).save(tmp_path / "blue.png")
    assert np.array_equal(fovea.imread(tmp_path / "blue.png"), BLUE)
    renamed = blue.rename(tmp_path / "other.png")
    assert np.array_equal(fovea.imread(renamed), fovea.decode(renamed.read_bytes()))


def test_another_format_under_the_name_of_a_coded_file_is_refused(tmp_path):
    Image.fromarray(BLUE).save(tmp_path / "blue.fov", "PNG")
    with pytest.raises(BitstreamError, match=r"blue\.fov"):
        fovea.imread(tmp_path / "blue.fov")


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
@pytest.mark.parametrize("suffix", [".png", ".fov"])
def test_gray_and_alpha_come_as_three_channels(tmp_path, mode, suffix):
    image = Image.fromarray(BLUE).convert(mode)
    path = tmp_path / f"image{suffix}"
    fovea.imwrite(path, image) if suffix == ".fov" else image.save(path)
    pixels = fovea.imread(path)
    assert pixels.shape == BLUE.shape
    if mode != "RGBA":
        assert np.ptp(pixels, axis=2).max() == 0


@pytest.mark.parametrize("suffix", [".png", ".fov"])
def test_pictures_are_upright(tmp_path, suffix):
    image = Image.fromarray(BLUE)
    image.getexif()[274] = 6
    image.info["exif"] = image.getexif().tobytes()
    path = tmp_path / f"turned{suffix}"
    fovea.imwrite(path, image) if suffix == ".fov" else image.save(path, exif=image.info["exif"])
    assert fovea.imread(path).shape == (56, 40, 3)


def test_a_codec_may_be_given(blue, tmp_path):
    codec = fovea.Codec("fovea-s-mse", threads=1)
    fovea.imwrite(tmp_path / "other.fov", BLUE, codec=codec)
    assert (tmp_path / "other.fov").read_bytes() == codec.encode(BLUE)
    assert fovea.imread(tmp_path / "other.fov", codec=codec).shape == BLUE.shape


@pytest.mark.parametrize("name", ["missing.fov", "missing.png", "."])
def test_what_cannot_be_opened_is_named(tmp_path, name):
    with pytest.raises(ImageError, match="cannot be read") as caught:
        fovea.imread(tmp_path / name)
    assert caught.value.path == tmp_path / name


def test_a_damaged_file_is_named(blue):
    blue.write_bytes(blue.read_bytes()[:-5])
    with pytest.raises(BitstreamError, match=r"blue\.fov"):
        fovea.imread(blue)


def test_large_pictures_are_refused(blue, tmp_path):
    Image.fromarray(BLUE).save(tmp_path / "blue.png")
    for path in (blue, tmp_path / "blue.png"):
        with pytest.raises(FoveaError, match="max_pixels") as caught:
            fovea.imread(path, max_pixels=100)
        assert "blue." in str(caught.value)


def test_other_formats_are_not_written(tmp_path):
    with pytest.raises(ArgumentError, match=r"\.fov") as caught:
        fovea.imwrite(tmp_path / "blue.jpg", BLUE)
    assert "blue.jpg" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_failure_keeps_the_file_that_was_there(blue):
    before = blue.read_bytes()
    with pytest.raises(ImageError, match=r"blue\.fov"):
        fovea.imwrite(blue, np.zeros((4, 4, 7), np.uint8))
    assert blue.read_bytes() == before and [path.name for path in blue.parent.iterdir()] == ["blue.fov"]


def test_folders_are_made(tmp_path):
    fovea.imwrite(tmp_path / "new" / "blue.fov", BLUE)
    assert fovea.imread(tmp_path / "new" / "blue.fov").shape == BLUE.shape
