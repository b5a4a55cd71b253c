"""Whatever happens to a file, reading it ends in one FoveaError or in exactly what was written."""

import random
import time
import tracemalloc

import pytest

from fovea.bitstream import MAGIC, Container, ContainerReader, Header, Metadata, read, read_header, write
from fovea.bitstream.fields import checksum, varint
from fovea.errors import BitstreamError, FoveaError, LimitError, TruncatedError, UnsupportedVersionError

SMALL = write(
    Container(
        Header(bytes(range(8)), 100, 70, 40, "RGBA", tile_size=64),
        (b"first tile", b"", b"third", b"4"),
        Metadata(b"exif", b"icc profile", b"<xmp/>"),
        b"alpha",
    )
)


def forge(*, version=2, flags=1, numbers=(40, 0, 8, 32), width=640, height=480, blocks=((4, b"tile"),), body=b"tile"):
    """A file with any header, whose checksums are right all the same; numbers are quality to tile size."""
    head = MAGIC + bytes([version, flags]) + bytes(8) + bytes(numbers) + varint(width) + varint(height)
    for length, content in blocks:
        head += varint(length) + checksum(content)
    return head + checksum(head) + body


def test_the_forge_makes_valid_files():
    assert read(forge()).tiles == (b"tile",)


@pytest.mark.parametrize("size", range(len(SMALL)))
def test_every_truncation(size):
    with pytest.raises(TruncatedError):
        read_header(SMALL[:size])


def test_every_bit_flip():
    for bit in range(8 * len(SMALL)):
        damaged = bytearray(SMALL)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FoveaError) as caught:
            read(damaged)
        assert "\n" not in str(caught.value)


def test_random_edits():
    chance = random.Random(0)
    for _ in range(10_000):
        damaged = bytearray(SMALL)
        for _ in range(chance.randint(1, 4)):
            start = chance.randrange(len(damaged) + 1)
            stop = start + chance.choice((0, 1, 1, 4))
            damaged[start:stop] = chance.randbytes(chance.choice((0, 1, 1, 4)))
        if damaged != SMALL:
            with pytest.raises(FoveaError):
                read(damaged)


@pytest.mark.parametrize(
    ("file", "error", "says"),
    [
        (b"", TruncatedError, "incomplete"),
        (b"hello, this is text", BitstreamError, "no .fov file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), BitstreamError, "no .fov file"),
        (SMALL + b"\0", BitstreamError, "1 bytes follow"),
        (forge(version=3), UnsupportedVersionError, "update Fovea"),
        (forge(version=1), UnsupportedVersionError, "version 1, .* encode its source again"),
        (forge(flags=0x21), UnsupportedVersionError, "update Fovea"),
        (forge(width=0), BitstreamError, "no content"),
        (forge(width=2**32 - 1, height=2**32 - 1), LimitError, "too large"),
        (forge(width=2**17, height=2**11 + 1), LimitError, "too large"),
        (forge(width=2**14, height=2**14), TruncatedError, "too few"),
        (forge(width=2**17, height=2**11, numbers=(40, 0, 8, 1)), TruncatedError, "too few"),
        (forge(numbers=(40, 0, 8, 0)), BitstreamError, "tile size"),
        (forge(numbers=(40, 0, 8, 255)), LimitError, "too large"),
        (forge(numbers=(101, 0, 8, 32)), BitstreamError, "quality"),
        (forge(numbers=(40, 101, 8, 32)), BitstreamError, "background"),
        (forge(numbers=(40, 0, 0, 32)), BitstreamError, "scale"),
        (forge(numbers=(40, 0, 9, 32)), BitstreamError, "scale"),
        (forge(blocks=((2**32 - 1, b""),)), TruncatedError, "incomplete"),
        (forge(flags=3, blocks=((0, b""), (4, b"tile"))), BitstreamError, "EXIF"),
        (forge(flags=3, blocks=((2**24 + 1, b""), (4, b"tile"))), LimitError, "EXIF"),
        (forge(flags=9, blocks=((2**24, b""), (4, b"tile"))), TruncatedError, "incomplete"),
        (forge(flags=17, blocks=((2**30, b""), (4, b"tile"))), TruncatedError, "incomplete"),
    ],
)
def test_forged_headers_are_refused_at_no_cost(file, error, says):
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(error, match=says) as caught:
        read(file)
    assert type(caught.value) is error
    assert time.perf_counter() - started < 2
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_file_replaced_under_the_reader_is_found(tmp_path):
    path = tmp_path / "picture.fov"
    path.write_bytes(SMALL)
    with path.open("rb", buffering=0) as file:
        reader = ContainerReader(file)
        path.write_bytes(SMALL[:-8])
        with pytest.raises(FoveaError):
            reader.tile(3)
