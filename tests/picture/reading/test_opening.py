"""What a picture may be read from, and what else must not come to harm meanwhile."""

import contextlib
import gzip
import http.client
import io
import mmap
import os
import tempfile
import threading
import types
import zipfile
from importlib.machinery import ModuleSpec

import numpy as np
import pytest
from PIL import Image, ImageFile

from fovea.bitstream import DEFAULT_MAX_PIXELS
from fovea.errors import ImageError
from fovea.picture import Picture, image_suffixes, open_picture
from fovea.picture.reading import reason_of

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def coded(kind, **options):
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, kind, **options)
    return file.getvalue()


class Answer:
    """A connection that has one answer to give."""

    def __init__(self, data):
        self.data = data

    def makefile(self, *_):
        return io.BytesIO(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.data) + self.data)


@contextlib.contextmanager
def every_source(data, folder):
    """An open file of each kind, by its name, with these data."""
    path = folder / "data"
    path.write_bytes(data)
    with contextlib.ExitStack() as stack:
        sources = {
            "bytes": data,
            "bytearray": bytearray(data),
            "memoryview": memoryview(data),
            "BytesIO": io.BytesIO(data),
        }
        sources["file"] = stack.enter_context(path.open("rb"))
        sources["unbuffered file"] = stack.enter_context(path.open("rb", buffering=0))
        sources["file open to write"] = stack.enter_context(path.open("r+b"))
        sources["memory map"] = mmap.mmap(sources["file"].fileno(), 0, access=mmap.ACCESS_READ)
        for size in (10, 10**6):
            spooled = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=size))
            spooled.write(data)
            sources[f"spooled file of {size}"] = spooled
        named = stack.enter_context(tempfile.NamedTemporaryFile())
        named.write(data)
        sources["temporary file"] = named
        with gzip.open(folder / "data.gz", "wb") as packed:
            packed.write(data)
        sources["gzip file"] = stack.enter_context(gzip.open(folder / "data.gz"))
        with zipfile.ZipFile(folder / "data.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("member", data)
        archive = stack.enter_context(zipfile.ZipFile(folder / "data.zip"))
        sources["member of an archive"] = stack.enter_context(archive.open("member"))
        reader, writer = os.pipe()
        threading.Thread(target=lambda: os.fdopen(writer, "wb").write(data)).start()
        sources["pipe"] = stack.enter_context(os.fdopen(reader, "rb"))
        sources["answer of a server"] = http.client.HTTPResponse(Answer(data))
        sources["answer of a server"].begin()
        yield sources
        sources["memory map"].close()


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("JPEG2000", {}), ("WEBP", {"lossless": True})],
)
def test_sources(kind, options, tmp_path):
    with every_source(coded(kind, **options), tmp_path) as sources:
        for name, source in sources.items():
            assert np.array_equal(open_picture(source).pixels, PIXELS), name


@pytest.mark.parametrize("source", [None, 5, ["a.png"], io.StringIO("text"), object(), PIXELS])
def test_what_is_no_source(source):
    with pytest.raises(ImageError, match="expected the bytes of a file, or the file opened in binary mode, not"):
        open_picture(source)


def test_a_file_open_to_write_alone(tmp_path):
    with (tmp_path / "new").open("wb") as file, pytest.raises(ImageError, match="opened in binary mode, not Buffered"):
        open_picture(file)


def test_a_slow_source_keeps_nobody_waiting():
    reading, go_on = threading.Event(), threading.Event()

    class Slow(io.BytesIO):
        def read(self, *size):
            reading.set()
            go_on.wait(60)
            return super().read(*size)

    thread = threading.Thread(target=open_picture, args=(Slow(coded("PNG")),))
    thread.start()
    assert reading.wait(60)
    done = threading.Event()
    threading.Thread(target=lambda: (open_picture(coded("PNG")), done.set())).start()
    finished = done.wait(60)
    still_reading = thread.is_alive()
    go_on.set()
    thread.join()
    assert finished and still_reading


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_opens_pictures_while_its_parent_was_at_it():
    reading, go_on = threading.Event(), threading.Event()

    class Slow(io.BytesIO):
        def read(self, *size):
            reading.set()
            go_on.wait(60)
            return super().read(*size)

    thread = threading.Thread(target=open_picture, args=(Slow(coded("PNG")),))
    thread.start()
    reading.wait(60)
    child = os.fork()
    if child == 0:
        threading.Timer(30, os._exit, [1]).start()
        open_picture(coded("PNG"))
        os._exit(0)
    go_on.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


def test_pillows_guard_stays_as_it_is(monkeypatch, recwarn):
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


class Negative(ImageFile.ImageFile):
    """A format of gray pixels, black as 255: b"NEGATIVE", width and height in a byte each, the pixels."""

    format = "NEGATIVE"

    def _open(self):
        self._mode, self._size = "L", tuple(self.fp.read(10)[8:])
        self.tile = [ImageFile._Tile("raw", (0, 0, *self.size), 10, ("L;I", 0, 1))]


@pytest.fixture
def registry(monkeypatch):
    """Pillow's formats, which are as they were after the test."""
    Image.init()
    for name in ("ID", "OPEN", "EXTENSION"):
        monkeypatch.setattr(Image, name, getattr(Image, name).copy())


def register(start=b"NEGATIVE", suffix=".negative"):
    Image.register_open("NEGATIVE", Negative, lambda prefix: prefix.startswith(start))
    Image.register_extension("NEGATIVE", suffix)


def test_formats_that_a_plugin_has_registered(registry):
    data = b"NEGATIVE\2\1\xff\0"
    with pytest.raises(ImageError, match="no image"):
        open_picture(data)
    register()
    assert open_picture(data).to_array().tolist() == [[0, 255]]
    assert ".negative" in image_suffixes()


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
JPEG_XL = b"\xff\x0a" + bytes(30)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (HEIC, "HEIC needs a plugin of Pillow: pip install pillow-heif"),
        (JPEG_XL, "JPEG XL needs a plugin of Pillow: pip install pillow-jxl-plugin"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(30), "JPEG XL needs"),
    ],
)
def test_the_plugin_that_is_missing_is_named(data, says, monkeypatch, registry):
    monkeypatch.setattr("fovea.picture.reading.plugins.find_spec", lambda _name: None)
    with pytest.raises(ImageError, match=f"the input: {says}"):
        open_picture(data)
    assert not {".heic", ".jxl"} & set(image_suffixes())


@pytest.mark.parametrize(("module", "data"), [("pillow_heif", HEIC), ("pillow_jxl", JPEG_XL)])
def test_a_plugin_that_is_installed_is_used(module, data, monkeypatch, registry):
    """A stand-in: its files begin like those of the format, and have the size and pixels of NEGATIVE behind that."""

    class Standin(Negative):
        def _open(self):
            self.fp.read(len(data) - 10)
            super()._open()
            self.tile = [self.tile[0]._replace(offset=len(data))]

    def register_opener():
        Image.register_open("STANDIN", Standin, lambda prefix: data.startswith(prefix[:12]) and prefix[:12] != b"")
        Image.register_extension("STANDIN", f".{module}")

    def find_spec(name):
        return ModuleSpec(name, None) if name == module else None

    def import_module(name):
        assert name == module
        if module == "pillow_jxl":  # which registers when it is imported
            register_opener()
        return types.SimpleNamespace(register_heif_opener=register_opener)

    monkeypatch.setattr("fovea.picture.reading.plugins.find_spec", find_spec)
    monkeypatch.setattr("fovea.picture.reading.plugins.import_module", import_module)
    file = data[:-2] + b"\2\1" + b"\xff\0"
    assert f".{module}" in image_suffixes()
    Image.OPEN.pop("STANDIN"), Image.ID.remove("STANDIN")
    assert open_picture(file).to_array().tolist() == [[0, 255]]


def test_orientation_of_jpeg_xl(registry, monkeypatch):
    """The plugin's decoder turns the pixels; what EXIF says then counts only for a JPEG that was packed."""
    exif = Image.Exif()
    exif[274] = 6

    for packed in (False, True):

        class Turned(Negative):
            format = "JXL"
            jpeg = packed

            def _open(self):
                super()._open()
                self.info["exif"] = exif.tobytes()

        Image.register_open("JXL", Turned, lambda prefix: prefix.startswith(b"NEGATIVE"))
        picture = open_picture(b"NEGATIVE\2\1\xff\0", keep_metadata=False)
        assert picture.to_array().shape == ((2, 1) if packed else (1, 2))


@pytest.mark.parametrize(
    "error", [MemoryError(), OSError("decoder error -9"), OSError("out of memory error when reading image file")]
)
def test_memory_that_runs_out_is_no_damage(error, monkeypatch):
    def load(_image):
        raise error

    monkeypatch.setattr("fovea.picture.picture.load", load)
    with pytest.raises(MemoryError):
        open_picture(coded("PNG"))
    with pytest.raises(MemoryError):
        Picture.from_image(Image.new("L", (2, 2)))


def test_memory_that_runs_out_on_opening(monkeypatch):
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
