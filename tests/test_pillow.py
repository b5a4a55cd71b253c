import copy
import io
import mmap
import os
import pickle
import signal
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

import fovea.pillow  # noqa: F401  (registers the format)
from fovea.bitstream import (
    DEFAULT_MAX_PIXELS,
    MAX_METADATA_BYTES,
    MAX_PIXELS,
    Container,
    Header,
    read,
    read_header,
    write,
)
from fovea.codec import default_codec
from fovea.errors import FoveaError, ModelError
from fovea.picture import Picture, decode_alpha, encode_alpha

MODES = ("L", "RGB", "LA", "RGBA")
GOLDEN = Path(__file__).parent / "golden" / "golden.fovea"


class Raw:
    """Stands in for the codec: a tile holds the samples themselves."""

    def __init__(self):
        self.model = None
        self.decoded = 0
        self.qualities = []

    def check_background(self, background):
        return background

    def encode(self, picture, quality, scale, background):
        self.qualities.append(quality)
        alpha = None if picture.alpha is None else encode_alpha(picture.alpha)
        header = Header(bytes(8), picture.width, picture.height, quality, picture.mode)
        return write(Container(header, (picture.pixels.tobytes(),), picture.metadata, alpha))

    def decode_picture(self, data, region=None, max_pixels=DEFAULT_MAX_PIXELS):
        self.decoded += 1
        self.max_pixels = max_pixels
        time.sleep(0.005)  # Long enough for another thread to come in between.
        container = read(data)
        header = container.header
        if header.quality == 13:
            raise ModelError("model 0000000000000000 is unknown: install it")
        pixels = np.frombuffer(container.tiles[0], np.uint8).reshape(header.height, header.width, 3)
        alpha = container.alpha and decode_alpha(container.alpha, header.height, header.width)
        return Picture(pixels, header.mode, alpha, container.metadata)


@pytest.fixture(autouse=True)
def codec(monkeypatch):
    raw = Raw()

    def default_codec(model=None):
        raw.model = model
        return raw

    monkeypatch.setattr("fovea.pillow.codec.default_codec", default_codec)
    return raw


@pytest.fixture
def real(codec, monkeypatch):
    """The codec itself, with a small model."""
    monkeypatch.setattr("fovea.codec.default_codec", default_codec)
    monkeypatch.setattr("fovea.codec.DEFAULT_MODEL", str(GOLDEN))


def sample(mode, size=(30, 20)):
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], len(mode)), np.uint8)
    return Image.fromarray(noise.squeeze())


def saved(image, **options):
    file = io.BytesIO()
    image.save(file, "FOV", **options)
    file.seek(0)
    return file


@pytest.mark.parametrize("mode", MODES)
def test_save_and_open(tmp_path, mode):
    image = sample(mode)
    path = tmp_path / "picture.fov"
    image.save(path)
    opened = Image.open(path)
    assert (opened.format, opened.mode, opened.size) == ("FOV", mode, (30, 20))
    assert opened.get_format_mimetype() == "image/x-fovea"
    assert np.array_equal(np.asarray(opened), np.asarray(image))


def test_open_does_not_decode(codec, tmp_path):
    path = tmp_path / "picture.fov"
    sample("RGB").save(path)
    with Image.open(path) as image:
        assert image.size == (30, 20)
        assert codec.decoded == 0
        for _ in range(3):
            image.load()
        assert codec.decoded == 1


def test_the_file_is_closed_after_loading_if_pillow_opened_it(tmp_path):
    path = tmp_path / "picture.fov"
    sample("RGB").save(path)
    image = Image.open(path)
    file = image.fp
    image.load()
    assert file.closed
    stream = saved(sample("RGB"))
    Image.open(stream).load()
    assert not stream.closed


def test_save_options(codec):
    saved(sample("RGB"))
    saved(sample("RGB"), quality=40)
    assert codec.qualities == [50, 40]
    assert codec.model is None
    saved(sample("RGB"), model="fovea-m")
    assert codec.model == "fovea-m"


def with_metadata():
    image = sample("RGB")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    image.info.update(exif=exif.tobytes(), icc_profile=b"profile", xmp=b"<xmp/>", comment=b"not kept")
    return image


def test_metadata_are_kept():
    image = with_metadata()
    opened = Image.open(saved(image))
    assert opened.info == {key: image.info[key] for key in ("exif", "icc_profile", "xmp")}
    assert opened.getexif()[ExifTags.Base.Orientation] == 6
    assert opened.size == image.size


def test_metadata_are_dropped():
    image = with_metadata()
    opened = Image.open(saved(image, keep_metadata=False))
    assert opened.info == {}
    assert np.array_equal(np.asarray(opened), np.asarray(image.transpose(Image.Transpose.ROTATE_270)))


def test_metadata_are_replaced():
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "other"
    opened = Image.open(saved(with_metadata(), exif=exif, icc_profile=None, xmp=b"new"))
    assert opened.getexif()[ExifTags.Base.ImageDescription] == "other"
    assert "icc_profile" not in opened.info
    assert opened.info["xmp"] == b"new"
    assert "exif" not in Image.open(saved(with_metadata(), exif=b"")).info


@pytest.mark.parametrize("name", ["exif", "icc_profile", "xmp"])
def test_metadata_of_another_type_are_refused(name):
    with pytest.raises(TypeError, match=f"{name} is of type tuple: expected bytes, text or EXIF"):
        saved(with_metadata(), **{name: (1, 2)})


def test_metadata_may_be_text_and_bytes_of_any_kind():
    opened = Image.open(saved(with_metadata(), exif=memoryview(b"exif"), icc_profile=bytearray(b"icc"), xmp="<x/>"))
    assert opened.info == {"exif": b"exif", "icc_profile": b"icc", "xmp": b"<x/>"}


def test_any_mode_can_be_saved():
    palette = sample("RGB").quantize(8)
    opened = Image.open(saved(palette))
    assert opened.mode == "RGB"
    assert np.array_equal(np.asarray(opened), np.asarray(palette.convert("RGB")))


def test_other_formats_are_left_alone():
    file = io.BytesIO()
    sample("RGB").save(file, "PNG")
    assert Image.open(file).format == "PNG"


def test_a_loaded_image_is_an_image():
    image = Image.open(saved(sample("RGBA")))
    assert np.array_equal(np.asarray(pickle.loads(pickle.dumps(image))), np.asarray(image))
    assert np.array_equal(np.asarray(copy.copy(image)), np.asarray(image))
    image.putpixel((1, 2), (9, 8, 7, 6))
    assert image.getpixel((1, 2)) == (9, 8, 7, 6)
    assert image.resize((5, 5)).size == image.crop((0, 0, 5, 5)).size == (5, 5)


def test_threads_share_an_image(codec):
    image = Image.open(saved(sample("RGB", (300, 200))))
    with ThreadPoolExecutor(8) as pool:
        copies = list(pool.map(lambda _: np.asarray(image), range(32)))
    assert codec.decoded == 1
    assert all(np.array_equal(each, copies[0]) for each in copies)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_forked_while_a_thread_decodes_an_image_decodes_it_too(codec, tmp_path, monkeypatch):
    path = tmp_path / "picture.fov"
    sample("RGB").save(path)
    begun, end = threading.Event(), threading.Event()
    decode = codec.decode_picture

    def slowly(*arguments, **settings):
        begun.set()
        end.wait(30)
        return decode(*arguments, **settings)

    monkeypatch.setattr(codec, "decode_picture", slowly)
    image = Image.open(path)
    thread = threading.Thread(target=image.load)
    thread.start()
    begun.wait()
    child = os.fork()
    if child == 0:
        codec.decode_picture = decode
        signal.alarm(20)  # a child that hangs ends
        try:
            os._exit(0 if np.array_equal(np.asarray(image), np.asarray(sample("RGB"))) else 1)
        finally:
            os._exit(2)
    end.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_verify(tmp_path):
    path = tmp_path / "picture.fov"
    sample("RGB").save(path)
    Image.open(path).verify()
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(OSError, match=r"picture\.fov: tile 0 does not match its checksum"):
        Image.open(path).verify()
    with pytest.raises(OSError, match=r"picture\.fov: tile 0 does not match its checksum"):
        Image.open(path).load()


def test_broken_files_raise_what_users_of_pillow_expect(tmp_path):
    data = saved(sample("RGB")).getvalue()
    path = tmp_path / "broken.fov"
    for content, says in (
        (data[:100], "incomplete"),
        (data + b"\0", "follow the end"),
        (data[:10] + b"\x01" + data[11:], "checksum"),
        (data[:4] + b"\x03" + data[5:], "update Fovea"),
    ):
        path.write_bytes(content)
        with pytest.raises(UnidentifiedImageError, match=says) as caught:
            Image.open(path)
        assert str(caught.value).startswith(f"{path}: ")
    path.unlink()  # The failed attempts left no handle open that would forbid this on Windows.


def test_an_unknown_model_is_named():
    image = Image.open(saved(sample("RGB"), quality=13))
    with pytest.raises(OSError, match="unknown: install it"):
        image.load()


def test_a_closed_image_cannot_be_loaded(tmp_path):
    path = tmp_path / "picture.fov"
    sample("RGB").save(path)
    with Image.open(path) as image:
        pass
    with pytest.raises(ValueError, match="closed"):
        image.load()
    image = Image.open(path)
    image.close()
    with pytest.raises(ValueError, match="closed"):
        image.getpixel((0, 0))


def test_data_may_arrive_in_pieces():
    data = saved(sample("RGB")).getvalue()
    parser = ImageFile.Parser()
    for start in range(0, len(data), 100):
        parser.feed(data[start : start + 100])
    assert np.array_equal(np.asarray(parser.close()), np.asarray(sample("RGB")))


def test_pillow_guards_against_bombs():
    # Only the header is read, so the tiles of this picture may be anything.
    header = Header(bytes(8), 10_000, 10_000, 50)
    data = write(Container(header, (b"",) * header.grid.tiles))
    assert read_header(data) == header
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert Image.open(io.BytesIO(data)).size == (10_000, 10_000)
    assert [warning.category for warning in caught] == [Image.DecompressionBombWarning]
    header = Header(bytes(8), 2**14, 2**14, 50)
    data = write(Container(header, (b"",) * header.grid.tiles))
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(data))


def test_pillows_guard_is_the_only_one(codec):
    """Who sets it aside, as Pillow's documentation says, gets every picture that a file can hold."""
    Image.open(saved(sample("RGB"))).load()
    assert codec.max_pixels == MAX_PIXELS


def test_sources_that_cannot_seek_or_only_in_their_way(tmp_path):
    image = sample("RGB", (100, 100))  # of some length: a plugin of Pillow looks at byte 2048 of every file
    path = tmp_path / "picture.fov"
    image.save(path)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert np.array_equal(np.asarray(Image.open(mapped)), np.asarray(image))
    reader, writer = os.pipe()
    threading.Thread(target=lambda: os.fdopen(writer, "wb").write(path.read_bytes())).start()
    with os.fdopen(reader, "rb") as pipe:
        assert np.array_equal(np.asarray(Image.open(pipe)), np.asarray(image))


# With the codec itself.


@pytest.mark.parametrize("mode", MODES)
def test_what_the_codec_codes_comes_back(real, tmp_path, mode):
    image = sample(mode, (90, 70))
    path = tmp_path / "picture.fov"
    image.save(path, quality=60)
    with Image.open(path) as opened:
        assert (opened.mode, opened.size) == (mode, image.size)
        decoded = np.asarray(opened)
    assert np.array_equal(decoded, default_codec().decode(path.read_bytes()))
    if mode.endswith("A"):
        assert np.array_equal(decoded[..., -1], np.asarray(image)[..., -1]), "alpha is lossless"


def test_quality_reaches_the_codec(real):
    files = [saved(sample("RGB"), quality=quality).getvalue() for quality in (0, 90)]
    assert [read_header(file).quality for file in files] == [0, 90]
    assert len(files[0]) < len(files[1])


def test_metadata_come_through_the_codec(real):
    image = with_metadata()
    opened = Image.open(saved(image))
    opened.load()
    assert opened.info == {key: image.info[key] for key in ("exif", "icc_profile", "xmp")}
    dropped = Image.open(saved(image, keep_metadata=False))
    assert (dropped.info, dropped.size) == ({}, (20, 30))


def test_a_model_is_chosen_by_its_file(real, monkeypatch):
    monkeypatch.setattr("fovea.codec.DEFAULT_MODEL", "fovea-s")
    header = read_header(saved(sample("RGB"), model=str(GOLDEN)))
    assert header.model_id == default_codec(str(GOLDEN)).model.id


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"quality": 101}, "quality 101 is out of range"),
        ({"quality": "keep"}, "quality 'keep' is out of range"),
        ({"model": "nope"}, "unknown model 'nope'"),
    ],
)
def test_an_option_that_cannot_be_is_a_value_error(real, tmp_path, options, says):
    path = tmp_path / "picture.fov"
    with pytest.raises(ValueError, match=says) as caught:
        sample("RGB").save(path, **options)
    assert isinstance(caught.value.__cause__, FoveaError)
    assert not path.exists()


def test_what_cannot_be_written_is_an_os_error(real, tmp_path):
    path = tmp_path / "picture.fov"
    with pytest.raises(OSError, match=r"picture\.fov: EXIF metadata of .* is too large") as caught:
        sample("RGB").save(path, exif=bytes(MAX_METADATA_BYTES + 1))
    assert isinstance(caught.value.__cause__, FoveaError)
    with pytest.raises(OSError, match=r"^an image of 131073x1 pixels is too large"):
        saved(Image.new("L", (131_073, 1)))
