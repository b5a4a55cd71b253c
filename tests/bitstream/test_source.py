"""A .fov file is read from whatever holds its bytes."""

import gzip
import http.client
import io
import mmap
import os
import tarfile
import tempfile
import threading
import zipfile

import pytest

from fovea.bitstream import Container, ContainerReader, Header, as_file, read, read_header, write

CONTAINER = Container(Header(bytes(8), 128, 64, 40, tile_size=64), (b"left", b"right" * 1000))
DATA = write(CONTAINER)


class Few(io.RawIOBase):
    """A file that gives three bytes at a time."""

    def __init__(self):
        self._file = io.BytesIO(DATA)

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, *place):
        return self._file.seek(*place)

    def tell(self):
        return self._file.tell()

    def readinto(self, buffer):
        return self._file.readinto(memoryview(buffer)[:3])


class OldMap:
    """A memory map before Python 3.13: seek() gives nothing, and there is no seekable()."""

    def __init__(self):
        self._file = io.BytesIO(DATA)
        self.read, self.tell = self._file.read, self._file.tell

    def seek(self, *place):
        self._file.seek(*place)


@pytest.mark.parametrize(
    "source", [DATA, bytearray(DATA), memoryview(DATA), memoryview(DATA[::-1])[::-1], io.BytesIO(DATA), Few(), OldMap()]
)
def test_memory_and_files_of_all_manners(source):
    assert read(source) == CONTAINER
    assert read_header(source) == CONTAINER.header


def test_files(tmp_path):
    path = tmp_path / "a.fov"
    path.write_bytes(DATA)
    with gzip.open(tmp_path / "a.gz", "wb") as packed:
        packed.write(DATA)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.fov", DATA)
    with (
        tempfile.SpooledTemporaryFile() as spooled,
        path.open("rb") as file,
        path.open("rb", buffering=0) as unbuffered,
        gzip.open(tmp_path / "a.gz") as unpacked,
        zipfile.ZipFile(tmp_path / "a.zip").open("a.fov") as member,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        spooled.write(DATA)
        for source in (file, unbuffered, unpacked, member, mapped, spooled):
            assert read(source) == CONTAINER


def archived(data):
    """Return a member of an archive that is read as a stream, as from a pipe."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("a.fov")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    archive = tarfile.open(fileobj=io.BytesIO(file.getvalue()), mode="r|")  # noqa: SIM115
    return archive.extractfile(archive.next())


def test_a_member_of_an_archive_that_is_a_stream():
    assert read(archived(DATA)) == CONTAINER


def test_a_pipe():
    reader, writer = os.pipe()
    threading.Thread(target=lambda: os.fdopen(writer, "wb").write(DATA)).start()
    with os.fdopen(reader, "rb") as pipe:
        assert read(pipe) == CONTAINER


def test_an_answer_of_a_server():
    class Connection:
        def makefile(self, *_):
            return io.BytesIO(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(DATA) + DATA)

    answer = http.client.HTTPResponse(Connection())
    answer.begin()
    assert ContainerReader(answer).tile(0) == b"left"


def test_what_can_seek_is_not_copied():
    file = io.BytesIO(DATA)
    assert as_file(file) is file


@pytest.mark.parametrize("source", [None, 5, "a.fov", ["a"], io.StringIO("a"), object()])
def test_what_is_no_source(source):
    with pytest.raises(TypeError, match=f"in binary mode, not {type(source).__name__}: read a path with"):
        read_header(source)


def test_a_file_open_to_write(tmp_path):
    with (tmp_path / "a.fov").open("wb") as file, pytest.raises(TypeError, match="not BufferedWriter"):
        read_header(file)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_processes_read_parts_of_one_open_file(tmp_path):
    content = bytes(range(256)) * 4096
    path = tmp_path / "content"
    path.write_bytes(content)
    with path.open("rb") as file:
        source = as_file(file)

        def read(at: int) -> bytes:
            source.seek(at)
            return source.read(9000)

        def right(step: int) -> bool:
            return all(read(at) == content[at : at + 9000] for at in range(0, len(content), step))

        child = os.fork()
        if child == 0:
            os._exit(0 if right(1777) else 1)
        assert right(1999)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert read(len(content) - 3) == content[-3:]
