from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fovea.baselines import CodedSize, ResizedCodec, get_baseline
from fovea.errors import BaselineError

HALF = CodedSize(Fraction(1, 2))


@pytest.fixture
def smooth() -> np.ndarray:
    """Smooth gray noise: color would suffer from 4:2:0."""
    noise = np.random.default_rng(4).integers(0, 256, (6, 9), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((81, 54), Image.Resampling.BICUBIC).convert("RGB"))


class Verbatim:
    """A codec that keeps all pixels, and tells what it was given."""

    name = "verbatim"

    def encode(self, image: np.ndarray, quality: float, *, roi: np.ndarray | None = None) -> bytes:
        self.given, self.roi = image, roi
        return image.tobytes()

    def decode(self, data: bytes) -> np.ndarray:
        return np.frombuffer(data, np.uint8).reshape(self.given.shape)


@given(st.fractions(Fraction(1, 64), 1), st.integers(1, 5000), st.integers(1, 5000))
def test_a_part_is_that_of_both_sides(part: Fraction, width: int, height: int):
    coded = CodedSize(part).of(width, height)
    assert min(coded) >= 1
    for side, whole in zip(coded, (width, height), strict=True):
        assert side == 1 or abs(side - part * whole) <= 0.5


@given(st.integers(2, 3000), st.integers(1, 5000), st.integers(1, 5000))
def test_the_longest_side_is_that_many_pixels_and_never_more(longest: int, width: int, height: int):
    assert max(CodedSize(Fraction(longest)).of(width, height)) == min(longest, max(width, height))


def test_the_codec_gets_the_small_image_and_the_size_is_counted(smooth: np.ndarray):
    codec = Verbatim()
    data = ResizedCodec(codec, HALF).encode(smooth, 50)
    assert codec.given.shape == (27, 40, 3)
    assert len(data) == 4 + codec.given.size
    assert data[:4] == bytes([0, 81, 0, 54])


def test_what_is_decoded_has_the_size_of_the_original_and_looks_like_it(smooth: np.ndarray):
    codec = ResizedCodec(get_baseline("jpeg"), HALF)
    decoded = codec.decode(codec.encode(smooth, 95))
    assert decoded.shape == smooth.shape
    assert np.abs(decoded.astype(int) - smooth).mean() < 4


def test_an_image_that_is_smaller_stays_as_it_is(smooth: np.ndarray):
    jpeg = get_baseline("jpeg")
    codec = ResizedCodec(jpeg, CodedSize(Fraction(960)))
    assert codec.encode(smooth, 50)[4:] == jpeg.encode(smooth, 50)
    np.testing.assert_array_equal(codec.decode(codec.encode(smooth, 50)), jpeg.decode(jpeg.encode(smooth, 50)))


@pytest.mark.parametrize("family", ["jpeg", "jpeg2000", "webp", "avif", "hevc", "vvc"])
def test_every_codec_takes_images_that_become_tiny(family: str):
    base = get_baseline(family)
    if reason := base.available():
        pytest.skip(reason)
    codec = ResizedCodec(base, CodedSize(Fraction(1, 8)))
    image = np.full((9, 17, 3), 128, np.uint8)
    assert codec.decode(codec.encode(image, base.default_qualities[-1])).shape == image.shape


def test_a_map_is_shrunk_with_the_image(smooth: np.ndarray):
    codec, region = Verbatim(), np.zeros(smooth.shape[:2], np.bool_)
    region[:, :40] = True
    ResizedCodec(codec, HALF).encode(smooth, 50, roi=region)
    assert codec.roi is not None
    assert codec.roi.shape == codec.given.shape[:2]
    assert (codec.roi[:, :18] == 1).all()
    assert (codec.roi[:, 22:] == 0).all()


@pytest.mark.parametrize("text", ["0", "3/2", "1.5", "1/0", "half", "", "1e99999999"])
def test_what_is_no_size_is_refused(text: str):
    with pytest.raises(BaselineError, match="is no size to code at"):
        CodedSize.parse(text)


def test_a_side_that_the_file_cannot_hold_is_refused():
    with pytest.raises(BaselineError, match="jpeg@1/2 takes sides up to 65535 pixels, not 65536x1"):
        ResizedCodec(get_baseline("jpeg"), HALF).encode(np.zeros((1, 65536, 3), np.uint8), 50)


def test_a_file_without_its_size_is_refused():
    with pytest.raises(BaselineError, match="cannot decode 3 bytes: the size of the image is missing"):
        ResizedCodec(get_baseline("jpeg"), HALF).decode(b"abc")
