"""The control of the background: the codec, the commands and the plugin for Pillow."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import fovea.pillow  # noqa: F401  # registers the format
from fovea import Codec
from fovea.bitstream import read, read_header, write
from fovea.cli import main
from fovea.errors import ArgumentError, BitstreamError
from fovea.store import save_model


@pytest.fixture(scope="module")
def model(controlled_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "controlled.fovea"
    save_model(replace(controlled_model, backgrounds=tuple(100 - quality for quality in range(101))), path)
    return path


@pytest.fixture(scope="module")
def codec(model):
    return Codec(model, threads=1)


@pytest.fixture
def image():
    pixels = np.random.default_rng(5).integers(0, 90, (70, 100, 3), np.uint8)
    pixels[20:50, 30:70] += 150  # an object, as the finder of the tests sees it
    return pixels


def test_without_one_the_background_goes_with_the_quality(codec, image):
    data = codec.encode(image, 30)
    assert read_header(data).background == 70
    assert data == codec.encode(image, 30, background=70.2) != codec.encode(image, 30, background=20)
    assert np.abs(codec.decode(data).astype(int) - codec.decode(codec.encode(image, 30, background=20))).max() > 0


def test_the_object_map_tells_what_an_error_counts(codec, image):
    for background, least in ((0, 0.01), (50, 0.1), (100, 1)):
        weights = codec.object_map(codec.encode(image, 40, background=background))
        assert weights.shape == (5, 7) and least - 1e-4 <= weights.min() <= weights.max() <= 1 + 1e-6
    assert (weights == 1).all()


def test_objects_are_found_once_whatever_is_tried(codec, image, monkeypatch):
    encoder = codec._encoder.get()
    found = []
    monkeypatch.setattr(encoder, "find", lambda pixels: found.append(pixels) or None)
    codec.encode_to_size(image, 2000)
    assert len(found) == 1
    codec.encode(image, background=100)
    assert len(found) == 1, "where all errors count alike, it does not matter where objects are"


def test_a_background_in_a_file_of_a_model_without_it_is_damage():
    codec = Codec(threads=1)
    container = read(codec.encode(np.zeros((16, 16, 3), np.uint8)))
    data = write(replace(container, header=replace(container.header, background=20)))
    for decode in (codec.decode, codec.decode_image, codec.object_map):
        with pytest.raises(BitstreamError, match=r"background 20, but fovea-s, .* has no control of"):
            decode(data)


def test_a_target_size_keeps_the_background(codec, image):
    data = codec.encode_to_size(image, 1500, background=25)
    assert len(data) <= 1500 and read_header(data).background == 25


def test_large_pictures_of_small_objects_keep_their_size_without_a_second_try(codec, monkeypatch):
    large = np.zeros((600, 1920, 3), np.uint8)
    large[100:132, 100:132] = 255
    encoder, sizes = codec._encoder.get(), []
    original = encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda pixels, *rest: sizes.append(pixels.shape) or original(pixels, *rest))
    assert read_header(codec.encode(large, 30)).scale == 8
    large[100:500, 100:900] = 255
    assert read_header(codec.encode(large, 30)).scale == 4
    assert sizes == [(600, 1920, 3), (300, 960, 3)]
    sizes.clear()
    assert read_header(codec.encode(large, 30, background=100)).scale == 8, "people see all pixels"


@pytest.mark.parametrize("background", [-1, 101, "much", float("nan")])
def test_other_backgrounds_are_refused(codec, image, background):
    with pytest.raises(ArgumentError, match=r"background .* is out of range: choose 0"):
        codec.encode(image, background=background)


def test_models_without_the_control_refuse_it(finding_model, tmp_path, image):
    save_model(finding_model, tmp_path / "finding.fovea")
    with pytest.raises(ArgumentError, match="finding has no control of the background: leave it out"):
        Codec(tmp_path / "finding.fovea", threads=1).encode(image, background=100)


def test_commands(model, image, tmp_path):
    def run(*arguments):
        return CliRunner().invoke(main, list(map(str, arguments)))

    Image.fromarray(image).save(tmp_path / "a.png")
    for options, background in (
        ((), 60),
        (("--background", 5), 5),
        (("--for", "people"), 100),
        (("--for", "machines"), 0),
    ):
        assert run("encode", tmp_path / "a.png", tmp_path / "a.fov", "-m", model, "-q", 40, *options).exit_code == 0
        # The model is no installed one, so that only the header tells.
        assert json.loads(run("info", tmp_path / "a.fov", "--json").stdout)["background"] == background
    assert "quality   40, coded at" in run("info", tmp_path / "a.fov").stdout
    result = run("encode", tmp_path / "a.png", tmp_path / "a.fov", "--for", "people", "--background", 5)
    assert result.exit_code == 2 and "choose one of --background and --for" in result.stderr
    result = run("encode", tmp_path / "a.png", tmp_path / "b.fov", "--for", "people")
    assert result.exit_code == 1 and "fovea-s has no control of the background" in result.stderr
    assert not (tmp_path / "b.fov").exists()


def test_pillow(model, image):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "FOV", model=str(model), background=12)
    assert read_header(buffer.getvalue()).background == 12
    with pytest.raises(ValueError, match="background 200 is out of range"):
        Image.fromarray(image).save(io.BytesIO(), "FOV", model=str(model), background=200)
