"""Pictures that are coded smaller than they are: the codec, the commands and the plugin for Pillow."""

import io
import json
from fractions import Fraction

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import fovea.pillow  # noqa: F401  # registers the format
from fovea import Codec
from fovea.arguments import scale_number
from fovea.bitstream import read_header
from fovea.cli import main
from fovea.errors import ArgumentError, LimitError
from fovea.picture import Picture, shrink
from fovea.store import save_model


@pytest.fixture(scope="module")
def codec(finding_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "finding.fovea"
    save_model(finding_model, path)
    return Codec(path, threads=2)


def picture(height, width, channels=3):
    y, x = np.mgrid[:height, :width]
    return np.stack([x % 256, y % 256, (x + y) % 256, (x * y) % 256], axis=2)[..., :channels].astype(np.uint8)


@pytest.mark.parametrize("scale", [Fraction(number, 8) for number in range(1, 9)])
@pytest.mark.parametrize("size", [(1, 1), (2, 9), (63, 65), (150, 210)])
def test_every_size_and_scale_comes_back(codec, size, scale):
    data = codec.encode(picture(*size), 40, scale=scale, tile_size=64)
    header = read_header(data)
    assert (header.height, header.width) == size and header.scale == 8 * scale
    whole, native = codec.decode(data), codec.decode(data, native=True)
    assert whole.shape == (*size, 3)
    assert native.shape == (header.coded_height, header.coded_width, 3)
    height, width = size
    for region in [(0, 0, width, height), (width // 2, height // 3, -(-width // 3), -(-height // 4)), (0, 0, 1, 1)]:
        left, top, across, down = region
        expected = whole[top : top + down, left : left + across]
        part = codec.decode(data, region)
        assert np.array_equal(part, expected)
        covering = codec.decode(data, region, native=True)
        assert covering.shape[0] >= down * scale and covering.shape[1] >= across * scale


def test_pictures_of_the_size_that_recognizers_see_keep_it(codec):
    assert codec.encode(picture(40, 50)) == codec.encode(picture(40, 50), scale=1)


@pytest.fixture(scope="module")
def machines():
    """The codec of a model that was trained to find objects."""
    return Codec("fovea-s", threads=1)


def everywhere(height, width):
    """A map of one large object."""
    return np.full((height, width), 255, np.uint8)


@pytest.mark.parametrize(
    ("width", "quality", "scale", "coded_quality"),
    [(960, 20, 8, 20), (1280, 20, 6, 27), (1920, 20, 4, 41), (1920, 47, 4, 76), (1920, 48, 8, 48), (4000, 20, 4, 41)],
)
def test_auto_reduces_large_pictures_at_low_qualities(machines, width, quality, scale, coded_quality):
    image = picture(40, width)
    data = machines.encode(image, quality, roi=everywhere(40, width), scale="auto")
    header = read_header(data)
    assert (header.scale, header.quality) == (scale, coded_quality)
    assert data == machines.encode(image, quality, roi=everywhere(40, width)), "it is the default"
    assert machines.decode(data).shape == image.shape


def test_auto_keeps_the_size_of_pictures_with_small_objects(machines):
    image, small = picture(128, 1920), np.zeros((128, 1920), np.uint8)
    small[32:96, 320:384] = 255  # 2×2 positions of the coded latent
    data = machines.encode(image, 30, roi=small)
    assert data == machines.encode(image, 30, roi=small, scale=1)
    fitting = machines.encode_to_size(image, len(data), roi=small)
    assert read_header(fitting).scale == 8 and len(fitting) <= len(data)
    assert read_header(machines.encode(image, 29, roi=small)).scale == 4, "at low rates they are lost at any size"


def test_auto_keeps_the_size_for_a_model_that_knows_of_no_objects():
    people = Codec("fovea-s-mse", threads=1)
    assert read_header(people.encode(picture(16, 1920), 20)).scale == 8


@pytest.mark.parametrize("scale", ["1/2", "0.5", ".5", 0.5, Fraction(1, 2), np.float16(0.5), np.float32(0.5)])
def test_numbers_of_all_kinds_are_scales(scale):
    assert scale_number(scale) == 4


@pytest.mark.parametrize(
    "scale", [0, 2, "1/3", 0.3, "half", None, float("nan"), -1, "1/0", "/2", "1e99999999", "1e-99999999"]
)
def test_other_scales_are_refused(codec, scale):
    with pytest.raises(ArgumentError, match="is none of 1, 7/8, 3/4, 5/8, 1/2, 3/8, 1/4, 1/8, auto"):
        codec.encode(picture(4, 4), scale=scale)


def test_alpha_is_kept_at_full_size(codec):
    image = picture(30, 41, 4)
    data = codec.encode(image, scale=0.5)
    assert np.array_equal(codec.decode(data)[..., 3], image[..., 3])
    assert np.array_equal(codec.decode(data, (5, 6, 7, 8))[..., 3], image[6:14, 5:12, 3])
    assert codec.decode(data, native=True).shape == (15, 21, 4)


def test_a_map_counts_pixels_of_the_picture(codec):
    image, region = picture(128, 160), np.zeros((128, 160), np.uint8)
    region[:, :64] = 255
    found = codec.object_map(codec.encode(image, scale="1/2", roi=region))
    small = codec.object_map(codec.encode(shrink(image, 4), roi=shrink(region, 4)))
    assert found.shape == (8, 10) and small.shape == (4, 5)
    assert np.array_equal(found, small.repeat(2, axis=0).repeat(2, axis=1))


def test_what_is_refused_counts_what_is_made(codec):
    data = codec.encode(picture(64, 64), scale="1/4")
    assert codec.decode(data, native=True, max_pixels=256).shape == (16, 16, 3)
    with pytest.raises(LimitError):
        codec.decode(data, max_pixels=4095)


def test_best_quality_of_a_size(codec):
    data = codec.encode_to_size(picture(100, 100), 900, scale=0.5)
    assert len(data) <= 900 and read_header(data).scale == 4


def test_commands(codec, tmp_path):
    def run(*arguments):
        return CliRunner().invoke(main, list(map(str, arguments)))

    model = tmp_path / "finding.fovea"
    save_model(codec.model, model)
    Image.fromarray(picture(40, 60)).save(tmp_path / "a.png")
    assert run("encode", tmp_path / "a.png", tmp_path / "a.fov", "-m", model, "--scale", "3/4").exit_code == 0
    facts = json.loads(run("info", tmp_path / "a.fov", "--json").stdout)
    assert (facts["width"], facts["height"], facts["coded_width"], facts["coded_height"]) == (60, 40, 45, 30)
    assert "coded at 45x30" in run("info", tmp_path / "a.fov").stdout
    result = run("encode", tmp_path / "a.png", tmp_path / "a.fov", "--scale", "2/3")
    assert result.exit_code == 2 and "scale '2/3' is none of 1, 7/8" in result.stderr


def test_command_decodes_at_the_coded_size(tmp_path):
    def run(*arguments):
        return CliRunner().invoke(main, list(map(str, arguments)))

    Image.fromarray(picture(40, 60)).save(tmp_path / "a.png")
    assert run("encode", tmp_path / "a.png", tmp_path / "a.fov", "--scale", "1/2").exit_code == 0
    assert run("decode", tmp_path / "a.fov", tmp_path / "b.png").exit_code == 0
    assert run("decode", tmp_path / "a.fov", tmp_path / "c.png", "--native").exit_code == 0
    assert Image.open(tmp_path / "b.png").size == (60, 40)
    assert Image.open(tmp_path / "c.png").size == (30, 20)


def test_pillow_saves_smaller():
    buffer = io.BytesIO()
    Image.fromarray(picture(40, 60)).save(buffer, "FOV", scale="1/2")
    assert read_header(buffer.getvalue()).scale == 4
    assert Image.open(buffer).convert("RGB").size == (60, 40)
    with pytest.raises(ValueError, match="scale 2 is none of"):
        Image.fromarray(picture(40, 60)).save(io.BytesIO(), "FOV", scale=2)


def test_a_picture_keeps_its_metadata(codec):
    image = Image.fromarray(picture(20, 20))
    image.info["icc_profile"] = b"profile"
    decoded = codec.decode_picture(codec.encode(Picture.from_image(image), scale="1/2"), native=True)
    assert decoded.metadata.icc == b"profile" and decoded.width == 10
