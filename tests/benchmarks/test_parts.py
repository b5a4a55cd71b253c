"""What the scripts share."""

import doctest

import numpy as np
import pytest

from fovea.codec import Codec

from .conftest import draw


class Steps:
    """A codec of 100 bytes for each step of quality."""

    name = "steps"

    def encode(self, image, quality: float) -> bytes:
        return bytes(100 * (int(quality) + 1))

    def decode(self, data: bytes):
        return np.zeros((10, 10, 3), np.uint8)


@pytest.mark.parametrize(("bpp", "quality"), [(0.1, 0), (8, 0), (11.9, 1), (24.0, 2), (10_000, 100)])
def test_encode_near_finds_the_nearest_rate(script, bpp: float, quality: int) -> None:
    found, data = script("measure").encode_near(Steps(), np.zeros((10, 10, 3), np.uint8), bpp)
    assert (found, len(data)) == (quality, 100 * (quality + 1))


@pytest.mark.parametrize("name", ["measure", "tables"])
def test_examples(script, name: str) -> None:
    failed, tried = doctest.testmod(script(name))
    assert tried and not failed


def test_psnr_of_a_part(script) -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    decoded, left = image.copy(), np.zeros((4, 4), np.bool_)
    left[:, :2] = True
    decoded[left] = 10
    psnr = script("measure").psnr
    assert psnr(image, decoded, left) == pytest.approx(10 * np.log10(255**2 / 100))
    assert psnr(image, decoded, ~left) == float("inf")
    assert psnr(image, decoded) == pytest.approx(10 * np.log10(255**2 / 50))


def test_mosaic_covers_all(script) -> None:
    lying, upright = np.full((20, 30, 3), 1, np.uint8), np.full((30, 20, 3), 2, np.uint8)
    picture = script("images").mosaic([lying, upright], 50, 70)
    assert picture.shape == (50, 70, 3)
    assert set(np.unique(picture)) == {1, 2}


def test_ideal_bits_are_those_of_the_file(script) -> None:
    codec, image = Codec(threads=1), draw(0, 256, 256)
    before = codec.encode(image, 60)
    with script("probes").ideal_bits() as bits:
        inside = codec.encode(image, 60)
    assert before == inside
    assert sum(bits) / 8 == pytest.approx(len(inside), rel=0.05, abs=64)


def test_watching_changes_nothing(script) -> None:
    probes, image = script("probes"), draw(1)
    codec, watch = Codec(), probes.Stopwatch()
    with probes.watched_codec(watch, "fovea-s", "onnxruntime", "fp32") as watched:
        data = watched.encode(image, 30)
        assert set(watch.take()) == {
            "analysis", "hyper_analysis", "scales", "means", "context", "entropy", "container",
        }  # fmt: skip
        assert (watched.decode(data) == codec.decode(data)).all()
    assert data == codec.encode(image, 30)


def points(script, name: str, *pairs: tuple[float, float]):
    module = script("rate_distortion")
    return module.Curve(name, "1", [module.Point(n, *pair, 1, None) for n, pair in enumerate(pairs)])


def test_half_the_rate_is_a_bd_rate_of_minus_50(script) -> None:
    pytest.importorskip("bjontegaard")
    pairs = [(0.1, 26.0), (0.2, 28.0), (0.4, 30.5), (0.8, 33.0), (1.6, 36.0)]
    other = points(script, "other", *pairs)
    ours = points(script, "ours", *((bpp / 2, psnr) for bpp, psnr in pairs))
    found = script("rate_distortion").compare(ours, other)
    assert found.bd_rate == pytest.approx(-50, abs=0.1)
    assert (found.low, found.high, found.note) == (26.0, 36.0, "")


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([(0.1, 10.0), (0.2, 12.0), (0.3, 14.0)], "share no PSNR"),
        ([(0.1, 26.0), (0.2, 25.0), (0.3, 34.0)], "ours does not rise between quality 0 and 1"),
    ],
)
def test_curves_that_cannot_be_compared_say_so(script, pairs, said: str) -> None:
    pytest.importorskip("bjontegaard")
    other = points(script, "other", (0.1, 26.0), (0.2, 28.0), (0.4, 30.5))
    found = script("rate_distortion").compare(points(script, "ours", *pairs), other)
    assert found.bd_rate is None
    assert said in found.note
