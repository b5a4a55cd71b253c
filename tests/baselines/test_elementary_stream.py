import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fovea.baselines import get_baseline
from fovea.baselines.elementary_stream import START_CODE, drop_units, pad


@pytest.fixture(params=["avc", "hevc", "vvc:faster"])
def video(request):
    codec = get_baseline(request.param)
    if reason := codec.available():
        pytest.skip(reason)
    return codec


def test_even_sizes_are_a_bare_stream(video, draw):
    data = video.encode(draw(64, 80), video.default_qualities[2])
    assert data.startswith(b"\0\0\0\1")


def test_padding_costs_two_bytes(video, draw):
    image = draw(79, 97)
    padded = np.pad(image, ((0, 1), (0, 1), (0, 0)), mode="edge")
    quality = video.default_qualities[2]
    assert video.encode(image, quality) == b"\1\1" + video.encode(padded, quality)


def test_no_letters_in_the_stream(video, draw):
    """x264 and x265 would write their options, hundreds of bytes of them."""
    data = video.encode(draw(64, 64), video.default_qualities[2])
    assert b"x26" not in data
    assert b"options" not in data
    kinds = {"avc": lambda u: u[0] & 31, "hevc": lambda u: u[0] >> 1 & 63, "vvc": lambda u: u[1] >> 3}
    wanted = {"avc": {5, 7, 8}, "hevc": {19, 20, 32, 33, 34}, "vvc": {7, 8, 15, 16, 17}}
    family = video.name.split(":")[0]
    found = [kinds[family](unit) for unit in START_CODE.split(data)[2::2]]
    assert set(found) <= wanted[family]


def test_one_frame_of_full_range(video, draw):
    av = pytest.importorskip("av")
    context = av.CodecContext.create({"avc": "h264"}.get(video.family, video.family), "r")
    data = video.encode(draw(64, 64), video.default_qualities[2])
    packets = [*context.parse(data), *context.parse(b""), None]
    frames = [frame for packet in packets for frame in context.decode(packet)]
    assert [frame.key_frame for frame in frames] == [True]
    assert (frames[0].color_range, frames[0].colorspace) == (2, 1)


@given(height=st.integers(1, 40), width=st.integers(1, 40))
def test_padding_repeats_the_edge(height, width):
    image = np.random.default_rng(height * 41 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    padded, header = pad(image, least=16)
    assert min(padded.shape[:2]) >= 16
    assert padded.shape[0] % 2 == padded.shape[1] % 2 == 0
    np.testing.assert_array_equal(padded[:height, :width], image)
    assert (padded[height:, width:] == image[-1, -1]).all()
    columns, rows = header or (0, 0)
    assert padded.shape[:2] == (height + rows, width + columns)
    assert header[:2] != b"\0\0"


def test_drop_units_takes_units_and_their_start_codes():
    stream = b"\0\0\0\1\x07abc\0\0\1\x06letter\0\0\0\1\x05slice"
    assert drop_units(stream, lambda unit: unit[0], frozenset({6})) == b"\0\0\0\1\x07abc\0\0\0\1\x05slice"
