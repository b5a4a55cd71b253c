"""What a picture may be read from, and that nobody waits for a slow source."""

import contextlib
import gzip
import http.client
import io
import mmap
import os
import tarfile
import tempfile
import threading
import zipfile

import numpy as np
import pytest
from PIL import Image

from fovea.errors import ImageError
from fovea.picture import open_picture

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
        with tarfile.open(folder / "data.tar", "w") as archive:
            archive.add(path)
        archive = stack.enter_context(tarfile.open(folder / "data.tar", "r|"))
        sources["member of a streamed archive"] = archive.extractfile(archive.next())
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


def test_an_error_names_a_source_that_has_a_name(tmp_path):
    names = {
        "file": tmp_path / "data",
        "unbuffered file": tmp_path / "data",
        "file open to write": tmp_path / "data",
        "gzip file": tmp_path / "data.gz",
        "member of an archive": "member",
        "member of a streamed archive": tmp_path / "data.tar",
    }
    with every_source(b"text", tmp_path) as sources:
        names["temporary file"] = sources["temporary file"].name
        with tempfile.TemporaryFile() as file:
            for name, source in {**sources, "file without a name": file}.items():
                expected = f"{names.get(name, 'the input')}: no image of a format that Pillow decodes"
                with pytest.raises(ImageError) as caught:
                    open_picture(source)
                assert str(caught.value) == expected, name


@pytest.mark.parametrize("source", [None, 5, ["a.png"], io.StringIO("text"), object(), PIXELS])
def test_what_is_no_source(source):
    with pytest.raises(ImageError, match="expected the bytes of a file, or the file opened in binary mode, not"):
        open_picture(source)


def test_a_file_open_to_write_alone(tmp_path):
    with (tmp_path / "new").open("wb") as file, pytest.raises(ImageError, match="opened in binary mode, not Buffered"):
        open_picture(file)


@contextlib.contextmanager
def another_thread_reading():
    """While another thread reads a source that is slow; gives that thread."""
    reading, go_on = threading.Event(), threading.Event()

    class Slow(io.BytesIO):
        def read(self, *size):
            reading.set()
            go_on.wait(60)
            return super().read(*size)

    thread = threading.Thread(target=open_picture, args=(Slow(coded("PNG")),))
    thread.start()
    try:
        assert reading.wait(60)
        yield thread
    finally:
        go_on.set()
        thread.join()


def opened_by_thread():
    done = threading.Event()
    threading.Thread(target=lambda: (open_picture(coded("PNG")), done.set()), daemon=True).start()
    return done.wait(60)


def opened_by_child():
    child = os.fork()
    if child == 0:
        try:
            threading.Timer(30, os._exit, [1]).start()
            open_picture(coded("PNG"))
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize(
    "opened",
    [
        opened_by_thread,
        pytest.param(opened_by_child, marks=pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")),
    ],
)
def test_a_slow_source_keeps_nobody_waiting(opened):
    with another_thread_reading() as thread:
        assert opened()
        assert thread.is_alive()
