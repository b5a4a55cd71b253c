"""Reading image files."""

import io
import random
import threading
import warnings

import numpy as np
import pytest
from PIL import Image, ImageFile

from fovea.bitstream import Container, Header, write
from fovea.errors import ImageError
from fovea.picture import Picture, image_suffixes, open_picture

FORMATS = [
    "AVIF",
    "BMP",
    "DDS",
    "GIF",
    "ICO",
    "IM",
    "JPEG",
    "JPEG2000",
    "MPO",
    "PCX",
    "PNG",
    "PPM",
    "QOI",
    "SGI",
    "TGA",
]
FORMATS += ["TIFF", "WEBP"]


def coded(format_, size=(64, 48)):
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, format_)
    return file.getvalue()


@pytest.mark.parametrize("as_text", [True, False])
def test_paths(tmp_path, as_text):
    path = tmp_path / "picture.png"
    path.write_bytes(coded("PNG"))
    picture = open_picture(str(path) if as_text else path)
    assert picture.pixels.shape == (48, 64, 3)


def test_files_stay_open():
    file = io.BytesIO(coded("PNG"))
    assert open_picture(file).width == 64
    assert not file.closed


def test_the_first_frame_of_several(tmp_path):
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "lime")]
    for name in ("animation.gif", "animation.webp", "animation.png", "pages.tiff"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], lossless=True)
        assert open_picture(tmp_path / name).pixels[0, 0].tolist() == [255, 0, 0]


def test_the_metadata_flag(tmp_path):
    path = tmp_path / "picture.webp"
    Image.new("RGB", (4, 4)).save(path, xmp=b"<xmp/>")
    assert open_picture(path).metadata.xmp == b"<xmp/>"
    assert open_picture(path, keep_metadata=False).metadata.xmp == b""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no image"),
        (b"just some text\n", "no image"),
        (b"\x89PNG\r\n\x1a\n", "broken"),
        (coded("JPEG")[:700], "truncated"),
        (coded("PNG")[:700], "truncated"),
        (coded("WEBP")[:300], "broken"),
        (coded("TIFF")[:700], "broken"),
        (coded("BMP")[:700], "truncated"),
        (coded("GIF")[:1500], "truncated"),
    ],
)
def test_a_broken_file_is_named_in_one_line(tmp_path, content, message):
    path = tmp_path / "broken.img"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=message) as caught:
        open_picture(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_coded_file_is_no_image(tmp_path, monkeypatch):
    monkeypatch.delitem(Image.OPEN, "FOV", raising=False)  # other tests import the plugin for Pillow
    monkeypatch.setattr(Image, "ID", [kind for kind in Image.ID if kind != "FOV"])
    path = tmp_path / "coded.png"
    path.write_bytes(write(Container(Header(bytes(8), 8, 8, quality=50), (b"tile",))))
    with pytest.raises(ImageError, match=r"coded\.png: the file is coded already: decode it with fovea decode, or"):
        open_picture(path)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(ImageError, match=r"none\.png: No such file"):
        open_picture(tmp_path / "none.png")
    with pytest.raises(ImageError, match="directory"):
        open_picture(tmp_path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("format_", FORMATS)
def test_damaged_files_give_a_picture_or_an_image_error(format_):
    intact = coded(format_, (16, 16))
    chance = random.Random(format_)
    for _ in range(60):
        damaged = bytearray(intact)
        if chance.random() < 0.3:
            del damaged[chance.randrange(len(damaged)) :]
            damaged = damaged or bytearray(1)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            picture = open_picture(io.BytesIO(damaged))
        except ImageError as error:
            assert "\n" not in str(error)
        else:
            assert isinstance(picture, Picture)


def pgm(width, height):
    """Return the header of a gray image without its pixels."""
    return io.BytesIO(b"P5 %d %d 255\n" % (width, height))


def test_a_decompression_bomb_is_refused_before_it_is_decompressed():
    with pytest.raises(ImageError, match="too large"):
        open_picture(pgm(2**14, 2**14 + 1))


def test_pillow_does_not_warn_below_the_limit_of_fovea():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for side in (10_000, 2**14):
            with pytest.raises(ImageError, match=r"truncated|decoded"):
                open_picture(pgm(side, side))
    assert Image.MAX_IMAGE_PIXELS is not None


def test_many_threads_do_not_change_the_limit_of_pillow():
    limit, content = Image.MAX_IMAGE_PIXELS, coded("PNG", (8, 8))
    threads = [threading.Thread(target=open_picture, args=(io.BytesIO(content),)) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert limit == Image.MAX_IMAGE_PIXELS


def test_suffixes_of_image_files():
    suffixes = image_suffixes()
    assert {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif", ".jp2", ".ppm"} <= suffixes
    assert ".fov" not in suffixes
    for suffix in suffixes:
        opener = Image.OPEN[Image.registered_extensions()[suffix]][0]
        assert not (isinstance(opener, type) and issubclass(opener, ImageFile.StubImageFile)), suffix


def test_no_name_of_a_file_starts_another_program(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\n")
    assert Image.open(path).format == "EPS"  # Pillow would run Ghostscript to decode it
    with pytest.raises(ImageError, match=r"photo\.jpg: no image of a format that Pillow decodes"):
        open_picture(path)


def test_no_content_of_a_file_starts_another_program(monkeypatch):
    def run(*_):
        raise AssertionError("Ghostscript is never run")

    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", run)
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\n"
    fields = {(3, 60): b"\1\0", (3, 20): b"\4", (3, 30): b"\4", (3, 120): b"\5", (8, 10): eps}
    data = b"".join(b"\x1c" + bytes(tag) + len(field).to_bytes(2, "big") + field for tag, field in fields.items())
    with pytest.raises(AssertionError):
        Image.open(io.BytesIO(data)).load()
    with pytest.raises(ImageError, match="no image of a format"):
        open_picture(data)
