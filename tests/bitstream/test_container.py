import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fovea.bitstream import (
    MAX_METADATA_BYTES,
    MAX_PIXELS,
    TILE_UNIT,
    Container,
    ContainerReader,
    Header,
    Metadata,
    read,
    read_header,
    write,
)
from fovea.errors import BitstreamError, ChecksumError, LimitError

MODEL = bytes.fromhex("0123456789abcdef")

headers = st.builds(
    Header,
    model_id=st.binary(min_size=8, max_size=8),
    width=st.integers(1, 2000),
    height=st.integers(1, 2000),
    quality=st.integers(0, 100),
    mode=st.sampled_from(["L", "RGB", "LA", "RGBA"]),
    tile_size=st.integers(4, 64).map(lambda units: units * TILE_UNIT),
    background=st.integers(0, 100),
    scale=st.integers(1, 8),
)


@st.composite
def containers(draw):
    header = draw(headers)
    return Container(
        header,
        tuple(draw(st.binary(max_size=300)) for _ in range(header.grid.tiles)),
        draw(st.builds(Metadata, st.binary(), st.binary(), st.binary(max_size=200))),
        draw(st.binary(min_size=1)) if header.has_alpha else None,
    )


@given(containers())
def test_round_trip(container):
    data = write(container)
    assert read(data) == container
    assert write(read(io.BytesIO(data))) == data


@given(containers())
def test_the_header_alone(container):
    data = write(container)
    assert read_header(data) == read_header(io.BytesIO(data)) == container.header


def test_one_tile_costs_at_most_34_bytes():
    for side, size in ((1, 1), (500, 3000), (1024, 2**20)):
        data = write(Container(Header(MODEL, side, side, 40), (bytes(size),)))
        assert len(data) - size <= 34


GOLDEN_PLAIN = "8f464f5602010123456789abcdef280008208005ab030404a98f76b7d886c974696c65"
GOLDEN_RICH = (
    "8f464f56021e0123456789abcdef641e0401c8018b010446f5b067033b212c22"
    "032c84f525056a39e0d0000000000003f1866c7a010dbed51a05f5d8c5462e8f"
    "6e4465786966696363786d70616c7068616f6e65327468726565"
)


def test_golden_bytes():
    plain = Container(Header(MODEL, 640, 427, 40, tile_size=2048), (b"tile",))
    assert write(plain).hex() == GOLDEN_PLAIN
    rich = Container(
        Header(MODEL, 200, 139, 100, "LA", tile_size=64, background=30, scale=4),
        (b"", b"one", b"2", b"three"),
        Metadata(b"exif", b"icc", b"xmp"),
        b"alpha",
    )
    assert write(rich).hex() == GOLDEN_RICH
    assert read(bytes.fromhex(GOLDEN_RICH)) == rich


class CountingFile(io.BytesIO):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.bytes_read = 0

    def read(self, size=-1):
        data = super().read(size)
        self.bytes_read += len(data)
        return data


def test_a_tile_is_read_without_the_others():
    header = Header(MODEL, 640, 64, 40, tile_size=64)
    tiles = tuple(bytes([i]) * 10_000 for i in range(10))
    file = CountingFile(write(Container(header, tiles, Metadata(exif=bytes(5000)))))
    reader = ContainerReader(file)
    assert reader.header == header
    assert file.bytes_read < 150
    wanted = header.grid.tiles_of_region(200, 10, 100, 20)
    assert [reader.tile(i) for i in wanted] == [tiles[3], tiles[4]]
    assert file.bytes_read < 150 + 20_000


def test_a_damaged_tile_hides_no_other():
    data = bytearray(write(Container(Header(MODEL, 128, 64, 40, tile_size=64), (b"left", b"right"))))
    data[-1] ^= 1
    reader = ContainerReader(data)
    assert reader.tile(0) == b"left"
    with pytest.raises(ChecksumError, match="tile 1"):
        reader.tile(1)


def test_exchanged_tiles_are_found():
    data = write(Container(Header(MODEL, 128, 64, 40, tile_size=64), (b"left", b"east")))
    with pytest.raises(ChecksumError):
        read(data[:-8] + b"eastleft")


def test_many_threads_share_a_reader():
    header = Header(MODEL, 64 * 100, 64, 40, tile_size=64)
    tiles = tuple(bytes([i]) * 1000 for i in range(100))
    reader = ContainerReader(write(Container(header, tiles)))
    with ThreadPoolExecutor(8) as pool:
        assert tuple(pool.map(reader.tile, range(100))) == tiles


@pytest.mark.parametrize("number", [-1, 1])
def test_no_such_tile(number):
    reader = ContainerReader(write(Container(Header(MODEL, 10, 10, 0, "LA"), (b"x",), alpha=b"\xff")))
    with pytest.raises(IndexError):
        reader.tile(number)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"width": 0}, BitstreamError),
        ({"height": -1}, BitstreamError),
        ({"width": 2**17 + 1, "height": 1}, LimitError),
        ({"width": 2**15, "height": 2**13 + 1}, LimitError),
        ({"tile_size": 4160}, LimitError),
        ({"tile_size": 100}, BitstreamError),
        ({"tile_size": 0}, BitstreamError),
        ({"quality": 101}, BitstreamError),
        ({"quality": -1}, BitstreamError),
        ({"model_id": b"short"}, BitstreamError),
        ({"mode": "CMYK"}, BitstreamError),
    ],
)
def test_a_header_out_of_range_is_refused(change, error):
    fields = {"model_id": MODEL, "width": 10, "height": 10, "quality": 50}
    with pytest.raises(error) as caught:
        Header(**(fields | change))
    assert type(caught.value) is error


def test_a_hundred_megapixels_and_the_largest_picture_pass():
    Header(MODEL, 10_000, 10_000, 50)
    assert Header(MODEL, 2**14, 2**14, 50).grid.tiles == 256
    assert MAX_PIXELS == 2**28


def test_parts_must_fit_the_header():
    with pytest.raises(BitstreamError, match="2 tiles where the grid has 1"):
        Container(Header(MODEL, 10, 10, 50), (b"", b""))
    with pytest.raises(BitstreamError, match="alpha"):
        Container(Header(MODEL, 10, 10, 50), (b"",), alpha=b"\xff")
    with pytest.raises(BitstreamError, match="alpha"):
        Container(Header(MODEL, 10, 10, 50, "RGBA"), (b"",))


def test_giant_metadata_is_not_written():
    Metadata(exif=bytes(MAX_METADATA_BYTES))
    with pytest.raises(LimitError, match="XMP"):
        Metadata(xmp=bytes(MAX_METADATA_BYTES + 1))


def test_paths_and_text_are_refused(tmp_path):
    path = tmp_path / "photo.fov"
    path.write_bytes(write(Container(Header(bytes(8), 64, 64, 50), (b"tile",))))
    with path.open() as text:
        for source in (path, str(path), text):
            with pytest.raises(TypeError, match=f"not {type(source).__name__}: read a path with"):
                read_header(source)
