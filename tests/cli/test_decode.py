"""The verb ``fovea decode``: formats, regions, metadata, pipes and errors."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fovea import codec
from fovea.bitstream import read, write
from fovea.codec import Codec


def test_png_equals_the_array_of_the_codec(fovea, coded, tmp_path):
    result = fovea("decode", coded, tmp_path / "x.png")
    assert (result.exit_code, result.stdout) == (0, "")
    assert np.array_equal(np.array(Image.open(tmp_path / "x.png")), codec.decode(coded.read_bytes()))


def test_summary_and_quiet(fovea, coded, tmp_path):
    line = fovea("decode", coded, tmp_path / "x.png").stderr
    assert line.startswith(f"{tmp_path / 'x.png'}: {coded.stat().st_size:,} bytes, ")
    assert line.endswith(" MP/s\n")
    assert fovea("decode", coded, tmp_path / "x.png", "--quiet").output == ""


@pytest.mark.parametrize("box", [(0, 0, 96, 64), (17, 5, 30, 41), (95, 63, 1, 1)])
def test_region_is_a_crop_of_the_whole(fovea, coded, tmp_path, box):
    left, top, width, height = box
    assert fovea("decode", coded, tmp_path / "x.png", "--region", f"{left},{top},{width},{height}").exit_code == 0
    whole = codec.decode(coded.read_bytes())
    assert np.array_equal(np.array(Image.open(tmp_path / "x.png")), whole[top : top + height, left : left + width])


def test_a_region_outside_the_picture_is_refused(fovea, coded, tmp_path):
    result = fovea("decode", coded, tmp_path / "x.png", "--region", "-1,0,5,5")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"fovea: {coded}: region -1,0,5,5 ")
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("region", ["1,2,3", "1,2,3,4,5", "a,b,c,d", "1.5,0,3,3", ""])
def test_a_misspelt_region_is_refused(fovea, coded, tmp_path, region):
    result = fovea("decode", coded, tmp_path / "x.png", "--region", region)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_map_of_the_objects(fovea, coded, tmp_path):
    assert fovea("decode", coded, tmp_path / "x.png", "--map").exit_code == 0
    image = Image.open(tmp_path / "x.png")
    assert (image.mode, image.size) == ("L", (96, 64))
    objects = Codec().object_map(coded.read_bytes())
    assert objects.shape == (4, 6)
    assert np.array_equal(np.array(image)[::16, ::16], np.rint(255 * objects))


def test_a_map_without_metadata_is_turned_like_the_picture(fovea, coded, tmp_path):
    for name, options in (("stored", ()), ("shown", ("--no-metadata",))):
        assert fovea("decode", coded, tmp_path / f"{name}.png", "--map", *options).exit_code == 0
    stored, shown = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("stored", "shown"))
    assert shown.shape == (96, 64)
    assert np.array_equal(shown, np.rot90(stored, -1)), "the photo has the orientation 6"


def test_a_model_without_a_map_is_refused(fovea, coded, tmp_path):
    (tmp_path / "mse.fov").write_bytes(codec.encode(np.zeros((48, 64, 3), np.uint8), model="fovea-s-mse"))
    result = fovea("decode", tmp_path / "mse.fov", tmp_path / "x.png", "--map")
    assert result.exit_code == 1
    assert "fovea-s-mse, with which the file was encoded, has no map of objects" in result.stderr


def test_map_and_region_exclude_each_other(fovea, coded, tmp_path):
    assert fovea("decode", coded, tmp_path / "x.png", "--map", "--region", "0,0,5,5").exit_code == 2


def test_engine(fovea, coded, tmp_path):
    pytest.importorskip("openvino")
    options = ("--engine", "openvino", "--precision", "fp32")  # by default bf16, where the processor has it
    assert fovea("decode", coded, tmp_path / "x.png", *options, "-j", 1).exit_code == 0
    other = np.array(Image.open(tmp_path / "x.png")).astype(int)
    assert np.abs(other - codec.decode(coded.read_bytes())).max() <= 1


@pytest.mark.parametrize("before", ["png", "jpg", "webp", "avif"])
@pytest.mark.parametrize("after", ["png", "jpg", "jpeg", "webp", "JPG"])
def test_metadata_survive(fovea, photo, tmp_path, before, after):
    source, path = tmp_path / f"a.{before}", tmp_path / f"x.{after}"
    with Image.open(photo) as image:
        blocks = {"exif": image.info["exif"], "icc_profile": image.info["icc_profile"], "xmp": image.info["xmp"]}
        if before == "png":
            blocks["pnginfo"] = PngInfo()
            blocks["pnginfo"].add_itxt("XML:com.adobe.xmp", "<xmp/>")
        image.save(source, **blocks)
    assert fovea("encode", source, tmp_path / "a.fov").exit_code == 0
    assert fovea("decode", tmp_path / "a.fov", path).exit_code == 0
    with Image.open(path) as image:
        assert image.getexif()[274] == 6
        assert image.size == (96, 64)
        assert image.info["icc_profile"] == blocks["icc_profile"]
        assert image.info["xmp"] == b"<xmp/>"


@pytest.mark.parametrize("suffix", ["bmp", "ppm"])
def test_orientation_is_applied_if_the_format_cannot_store_it(fovea, coded, tmp_path, suffix):
    path = tmp_path / f"x.{suffix}"
    assert fovea("decode", coded, path).exit_code == 0
    with Image.open(path) as image:
        assert image.size == (64, 96)
        upright = np.rot90(codec.decode(coded.read_bytes()), -1).astype(int)
        assert np.abs(np.asarray(image) - upright).max() <= 2, "an sRGB profile changes little"


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_exact_formats(fovea, coded, tmp_path, suffix):
    fovea("decode", coded, tmp_path / f"x.{suffix}")
    assert np.array_equal(np.array(Image.open(tmp_path / f"x.{suffix}")), codec.decode(coded.read_bytes()))


def _with_alpha(opacity: int) -> bytes:
    return codec.encode(Image.new("RGBA", (20, 10), (200, 100, 50, opacity)))


@pytest.mark.parametrize("suffix", ["jpg", "bmp", "ppm"])
def test_transparency_needs_a_format_with_an_alpha_channel(fovea, tmp_path, suffix):
    (tmp_path / "x.fov").write_bytes(_with_alpha(128))
    result = fovea("decode", tmp_path / "x.fov", tmp_path / f"x.{suffix}")
    assert result.exit_code == 1
    assert "choose png or webp" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / f"x.{suffix}").exists()


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_transparency_is_kept(fovea, tmp_path, suffix):
    (tmp_path / "x.fov").write_bytes(_with_alpha(128))
    assert fovea("decode", tmp_path / "x.fov", tmp_path / f"x.{suffix}").exit_code == 0
    assert Image.open(tmp_path / f"x.{suffix}").getchannel("A").getextrema() == (128, 128)


def test_an_opaque_alpha_channel_is_dropped(fovea, tmp_path):
    (tmp_path / "x.fov").write_bytes(_with_alpha(255))
    assert fovea("decode", tmp_path / "x.fov", tmp_path / "x.jpg").exit_code == 0
    assert Image.open(tmp_path / "x.jpg").mode == "RGB"


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "ppm"])
def test_gray(fovea, tmp_path, suffix):
    (tmp_path / "x.fov").write_bytes(codec.encode(np.full((10, 20), 90, np.uint8)))
    assert fovea("decode", tmp_path / "x.fov", tmp_path / f"x.{suffix}").exit_code == 0
    assert Image.open(tmp_path / f"x.{suffix}").size == (20, 10)


def test_a_picture_too_large_for_the_format_is_refused(fovea, tmp_path):
    (tmp_path / "x.fov").write_bytes(codec.encode(np.zeros((1, 17000, 3), np.uint8)))
    result = fovea("decode", tmp_path / "x.fov", tmp_path / "x.webp")
    assert result.exit_code == 1
    assert "cannot be written as WEBP" in result.stderr
    assert set(tmp_path.iterdir()) == {tmp_path / "x.fov"}


def test_pipes(fovea, coded):
    result = fovea("decode", "-", "-", stdin=coded.read_bytes())
    image = Image.open(io.BytesIO(result.stdout_bytes))
    assert image.format == "PNG"
    assert np.array_equal(np.array(image), codec.decode(coded.read_bytes()))


def test_format_of_a_pipe(fovea, coded):
    data = fovea("decode", coded, "-", "--format", "webp", "--quiet").stdout_bytes
    assert Image.open(io.BytesIO(data)).format == "WEBP"


def test_the_option_format_has_precedence_over_the_suffix(fovea, coded, tmp_path):
    assert fovea("decode", coded, tmp_path / "x.data", "--format", "bmp").exit_code == 0
    assert Image.open(tmp_path / "x.data").format == "BMP"


@pytest.mark.parametrize("name", ["x", "x.fov2", "x.gif"])
def test_an_unknown_suffix_is_refused(fovea, coded, tmp_path, name):
    result = fovea("decode", coded, tmp_path / name)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"fovea: no image format for {name}: choose one of png, ")


@pytest.mark.parametrize("name", ["b.fov", "b.FOV"])
def test_a_coded_file_is_not_replaced(fovea, coded, tmp_path, name):
    (tmp_path / name).write_bytes(b"coded, too")
    result = fovea("decode", coded, tmp_path / name, "--format", "png")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"fovea: OUT, {tmp_path / name}, has the name of a coded file: choose one of png")
    assert (tmp_path / name).read_bytes() == b"coded, too"


def test_a_name_that_ends_in_a_slash_is_a_folder(fovea, coded, tmp_path):
    assert fovea("decode", coded, f"{tmp_path}/a/b.fov/").exit_code == 0
    assert Image.open(tmp_path / "a/b.fov/photo.png").size == (96, 64)


def test_an_image_in_the_folder_is_not_replaced(fovea, coded, tmp_path):
    assert fovea("decode", coded, tmp_path).exit_code == 0
    result = fovea("decode", coded, tmp_path)
    advice = "name another folder, or replace it with --overwrite"
    message = f"fovea: {coded}: {tmp_path / 'photo.png'}: exists already: {advice}\n"
    assert (result.exit_code, result.stderr) == (1, message)
    assert fovea("decode", coded, tmp_path, "--overwrite").exit_code == 0
    assert fovea("decode", coded, tmp_path / "photo.png").exit_code == 0, "a file that OUT names is replaced"


def test_an_error_of_reading_is_not_reported_as_one_of_writing(fovea, coded, tmp_path, monkeypatch):
    def broken(*_arguments, **_named):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Codec, "decode_picture", broken)
    result = fovea("decode", coded, tmp_path / "x.png")
    assert (result.exit_code, result.stderr) == (1, f"fovea: {coded}: Input/output error\n")


def test_a_damaged_file_is_refused(fovea, coded, tmp_path):
    data = bytearray(coded.read_bytes())
    data[-1] ^= 1
    coded.write_bytes(data)
    result = fovea("decode", coded, tmp_path / "x.png")
    assert result.exit_code == 1
    assert result.stderr == f"fovea: {coded}: tile 0 does not match its checksum: the file is damaged\n"
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xd8 no .fov", None])
def test_other_files_are_refused(fovea, tmp_path, content):
    path = tmp_path / "x.fov"
    if content is not None:
        path.write_bytes(content)
    result = fovea("decode", path, tmp_path / "x.png")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"fovea: {path}: ")
    assert result.stderr.count("\n") == 1


def test_a_missing_model_is_named(fovea, coded, tmp_path):
    container = read(coded.read_bytes())
    foreign = replace(container, header=replace(container.header, model_id=b"\x01" * 8))
    coded.write_bytes(write(foreign))
    result = fovea("decode", coded, tmp_path / "x.png")
    assert result.exit_code == 1
    assert "01" * 8 in result.stderr
