"""The verb ``fovea encode``: options, pipes and errors."""

import io
import math
import os
from pathlib import Path

import pytest
from PIL import Image

from fovea import codec, settings
from fovea.bitstream import ContainerReader, read_header
from fovea.cli import options
from fovea.codec import Codec
from fovea.store import list_models


def test_the_file_equals_the_bytes_of_the_codec(fovea, photo, tmp_path):
    result = fovea("encode", photo, tmp_path / "x.fov", "-q", 30)
    assert (result.exit_code, result.stdout) == (0, "")
    with Image.open(photo) as image:
        assert (tmp_path / "x.fov").read_bytes() == codec.encode(image, 30)


def test_default_quality(fovea, coded):
    assert read_header(coded.read_bytes()).quality == codec.DEFAULT_QUALITY


@pytest.mark.parametrize("quality", [0, 100])
def test_lowest_and_highest_quality(fovea, photo, tmp_path, quality):
    assert fovea("encode", photo, tmp_path / "x.fov", "--quality", quality).exit_code == 0
    assert read_header((tmp_path / "x.fov").read_bytes()).quality == quality


def test_summary(fovea, photo, tmp_path):
    line = fovea("encode", photo, tmp_path / "x.fov").stderr
    size = (tmp_path / "x.fov").stat().st_size
    assert line.startswith(f"{tmp_path / 'x.fov'}: {size:,} bytes, {8 * size / 96 / 64:.3f} bpp, ")
    assert line.endswith(" MP/s\n")
    assert line.count("\n") == 1


def test_quiet(fovea, photo, tmp_path):
    assert fovea("encode", photo, tmp_path / "x.fov", "--quiet").output == ""


def test_metadata_kept_or_dropped(fovea, photo, tmp_path):
    fovea("encode", photo, tmp_path / "with.fov")
    fovea("encode", photo, tmp_path / "without.fov", "--no-metadata")
    kept, dropped = (ContainerReader((tmp_path / f"{name}.fov").read_bytes()) for name in ("with", "without"))
    with Image.open(photo) as image:
        assert kept.metadata().exif == image.info["exif"]
        assert kept.metadata().icc == image.info["icc_profile"]
    assert kept.metadata().xmp == b"<xmp/>"
    assert not any((dropped.metadata().exif, dropped.metadata().icc, dropped.metadata().xmp))
    assert (kept.header.width, kept.header.height) == (96, 64)
    assert (dropped.header.width, dropped.header.height) == (64, 96), "the picture is turned upright"


def test_target_size(fovea, photo, tmp_path):
    smallest, largest = (len(codec.encode(Image.open(photo), quality)) for quality in (0, 100))
    limit = (smallest + largest) // 2
    assert fovea("encode", photo, tmp_path / "x.fov", "--target-size", limit).exit_code == 0
    data = (tmp_path / "x.fov").read_bytes()
    quality = read_header(data).quality
    assert len(data) <= limit < len(codec.encode(Image.open(photo), quality + 1))


def test_target_bpp(fovea, photo, tmp_path):
    smallest, largest = (len(codec.encode(Image.open(photo), quality)) for quality in (0, 100))
    bpp = 8 * (smallest + largest) / 2 / (96 * 64)
    assert fovea("encode", photo, tmp_path / "x.fov", "--target-bpp", bpp).exit_code == 0
    size = (tmp_path / "x.fov").stat().st_size
    assert smallest < size <= bpp * 96 * 64 / 8


def test_a_target_size_that_is_too_small(fovea, photo, tmp_path):
    result = fovea("encode", photo, tmp_path / "x.fov", "--target-size", 10)
    assert result.exit_code == 1
    message = f"fovea: {photo}: no file has at most 10 bytes, as asked for: without any pixels it has "
    assert result.stderr.startswith(message)
    assert not (tmp_path / "x.fov").exists()


def test_model_by_path(fovea, photo, coded, tmp_path):
    assert fovea("encode", photo, tmp_path / "x.fov", "-m", list_models()[0].path).exit_code == 0
    assert (tmp_path / "x.fov").read_bytes() == coded.read_bytes()


def test_engine_and_threads_reach_the_codec(fovea, photo, tmp_path, monkeypatch):
    made = []

    class Recorded(Codec):
        def __init__(self, *given, **named):
            made.append((given, named))
            super().__init__()

    monkeypatch.setattr(settings, "Codec", Recorded)
    monkeypatch.setattr(options, "available_cores", lambda: 4)
    fovea("encode", photo, tmp_path / "x.fov", "--engine", "openvino", "--precision", "bf16", "-j", 3)
    fovea("encode", photo, tmp_path / "x.fov", "-j", 300)
    assert [given for given, _ in made] == [
        ("fovea-s", "openvino", "bf16", 3, 1),
        ("fovea-s", "onnxruntime", "auto", 4, 1),
    ], "there are no more threads than cores"


def test_pipe_to_pipe(fovea, photo, coded):
    result = fovea("encode", "-", "-", stdin=photo.read_bytes())
    assert result.exit_code == 0
    assert result.stdout_bytes == coded.read_bytes()
    assert result.stderr.startswith("the input: ")


def test_file_to_pipe_and_back(fovea, photo, coded, tmp_path):
    assert fovea("encode", photo, "-", "--quiet").stdout_bytes == coded.read_bytes()
    assert fovea("encode", "-", tmp_path / "x.fov", stdin=photo.read_bytes()).exit_code == 0
    assert (tmp_path / "x.fov").read_bytes() == coded.read_bytes()


def test_into_an_existing_folder(fovea, photo, coded, tmp_path):
    (tmp_path / "out").mkdir()
    assert fovea("encode", photo, tmp_path / "out").exit_code == 0
    assert (tmp_path / "out/photo.fov").read_bytes() == coded.read_bytes()


def test_a_name_that_ends_in_a_slash_is_a_folder(fovea, photo, coded, tmp_path):
    assert fovea("encode", photo, f"{tmp_path}/a/b/").exit_code == 0
    assert (tmp_path / "a/b/photo.fov").read_bytes() == coded.read_bytes()


@pytest.mark.parametrize("name", ["b.jpg", "b.PNG", "b.eps", "b.h5"])
def test_an_image_is_not_replaced(fovea, photo, tmp_path, name):
    other = tmp_path / name
    other.write_bytes(b"another photo")
    result = fovea("encode", photo, other)
    message = f"fovea: OUT, {other}, has the name of an image: coded files end in .fov\n"
    assert (result.exit_code, result.stderr) == (2, message)
    assert other.read_bytes() == b"another photo"


@pytest.mark.parametrize("name", ["b.heic", "b.mp4", "b"])
def test_only_coded_and_empty_files_are_replaced(fovea, photo, coded, tmp_path, name):
    other = tmp_path / name
    other.write_bytes(b"of another kind")
    result = fovea("encode", photo, other)
    message = f"fovea: OUT, {other}, exists and is no coded file: choose another\n"
    assert (result.exit_code, result.stderr) == (2, message)
    assert other.read_bytes() == b"of another kind"
    other.write_bytes(b"")
    for _ in range(2):
        assert fovea("encode", photo, other).exit_code == 0
        assert other.read_bytes() == coded.read_bytes()


def test_only_a_single_dash_is_the_pipe(fovea, photo, coded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photo.rename("-")
    assert fovea("encode", "./-", "-", "--quiet").stdout_bytes == coded.read_bytes()
    assert fovea("encode", "./-", "./-").exit_code == 2, "IN and OUT are the same file"
    data = Path("-").read_bytes()
    Path("-").unlink()
    assert fovea("encode", "-", "./-", stdin=data).exit_code == 0
    assert Path("-").read_bytes() == coded.read_bytes()
    assert fovea("info", "./-").exit_code == 0
    Path("-").unlink()
    Path("-").mkdir()
    assert fovea("decode", coded, "-", "--quiet").stdout_bytes.startswith(b"\x89PNG"), (
        "a folder of this name does not matter"
    )


def test_unicode_and_spaces(fovea, photo, coded, tmp_path):
    source, target = tmp_path / "фото 写真.jpg", tmp_path / "новая папка" / "é.fov"
    photo.rename(source)
    assert fovea("encode", source, target).exit_code == 0
    assert target.read_bytes() == coded.read_bytes()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no image of a format that Pillow decodes"),
        (b"no image at all", "no image of a format that Pillow decodes"),
        (None, "No such file or directory"),
    ],
)
def test_bad_input(fovea, tmp_path, content, reason):
    path = tmp_path / "bad.jpg"
    if content is not None:
        path.write_bytes(content)
    result = fovea("encode", path, tmp_path / "out.fov")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"fovea: {path}: {reason}\n"
    assert not (tmp_path / "out.fov").exists()


def test_truncated_image(fovea, photo, tmp_path):
    photo.write_bytes(photo.read_bytes()[:-600])
    result = fovea("encode", photo, tmp_path / "out.fov")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"fovea: {photo}: ")
    assert result.stderr.count("\n") == 1


def test_bad_pipe(fovea):
    result = fovea("encode", "-", "-", stdin=b"no image")
    assert (result.exit_code, result.stdout_bytes) == (1, b"")
    assert result.stderr == "fovea: the input: no image of a format that Pillow decodes\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("-q", 101),
        ("-q", -1),
        ("-q", "x"),
        ("-q", 5, "--target-bpp", 1),
        ("--target-bpp", 1, "--target-size", 900),
        ("--target-bpp", "nan"),
        ("--target-bpp", math.inf),
        ("--target-bpp", 0),
        ("--target-size", 0),
        ("-j", 0),
        ("--quiet", "--nonsense"),
        ("more.fov",),
    ],
)
def test_wrong_usage(fovea, photo, tmp_path, arguments):
    result = fovea("encode", photo, tmp_path / "x.fov", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("fovea: ")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "x.fov").exists()


def test_same_file(fovea, photo):
    before = photo.read_bytes()
    result = fovea("encode", photo, photo.parent / "." / photo.name)
    assert (result.exit_code, result.stderr) == (2, f"fovea: IN and OUT are the same file, {photo}\n")
    assert photo.read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value"), [("-m", "fovea-xxl"), ("-m", "nowhere.fovea"), ("--engine", "abacus"), ("--precision", "int3")]
)
def test_unknown_names(fovea, photo, tmp_path, option, value):
    result = fovea("encode", photo, tmp_path / "x.fov", option, value)
    assert result.exit_code == 1
    assert result.stderr.startswith("fovea: ")
    assert value in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_device_is_not_replaced(fovea, photo):
    assert fovea("encode", photo, os.devnull).exit_code == 0
    assert not Path(os.devnull).is_file()


def test_the_file_that_a_link_points_to_is_replaced(fovea, photo, coded, tmp_path):
    (tmp_path / "link.fov").symlink_to(tmp_path / "real.fov")
    assert fovea("encode", photo, tmp_path / "link.fov").exit_code == 0
    assert (tmp_path / "link.fov").is_symlink()
    assert (tmp_path / "real.fov").read_bytes() == coded.read_bytes()


def test_debug_shows_the_traceback(fovea, tmp_path):
    for arguments in (("--debug", "encode", "no.jpg", "x.fov"), ("encode", "no.jpg", "x.fov", "--debug")):
        result = fovea(*arguments)
        assert result.exit_code == 1
        assert "Traceback" in result.stderr
        assert result.stderr.endswith("fovea: no.jpg: No such file or directory\n")


def test_unexpected_error_is_one_line(fovea, photo, tmp_path, monkeypatch):
    def broken(*_arguments, **_named):
        raise KeyError("lost")

    monkeypatch.setattr(Codec, "encode", broken)
    result = fovea("encode", photo, tmp_path / "x.fov")
    assert result.exit_code == 1
    assert result.stderr == f"fovea: {photo}: unexpected KeyError: 'lost' (--debug shows where)\n"


def test_alpha_survives(fovea, tmp_path):
    image = Image.new("LA", (20, 10), (90, 40))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    data = fovea("encode", "-", "-", stdin=buffer.getvalue()).stdout_bytes
    assert read_header(data).mode == "LA"
