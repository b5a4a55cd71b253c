import re
import subprocess
import sys

import numpy as np
import pytest

from fovea.baselines import Baseline, baseline_names, get_baseline, mozjpeg, vvc
from fovea.errors import BaselineError


def psnr(image, other):
    return 10 * np.log10(255**2 / np.mean((image.astype(float) - other) ** 2))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 7), (17, 33), (64, 64), (65, 2), (96, 131)])
def test_gives_back_any_size(codec, draw, height, width):
    image = draw(height, width)
    back = codec.decode(codec.encode(image, codec.default_qualities[-1]))
    assert back.shape == image.shape
    assert back.dtype == np.uint8
    assert back.flags.c_contiguous


def test_best_quality_is_close_to_the_image(codec, picture):
    back = codec.decode(codec.encode(picture, codec.quality_range[1]))
    assert psnr(picture, back) > 33


def test_colors_stay(codec):
    colors = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]], np.uint8)
    image = np.repeat(np.repeat(colors[None], 64, 0), 64, 1)
    back = codec.decode(codec.encode(image, codec.quality_range[1])).astype(int)
    middles = back[32, 32::64]
    assert np.abs(middles - colors).max() <= 6


def test_larger_quality_costs_bits_and_is_better(codec, picture):
    files = [codec.encode(picture, quality) for quality in codec.default_qualities]
    sizes = [len(file) for file in files]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 1.5 * sizes[0]
    likeness = [psnr(picture, codec.decode(file)) for file in files]
    assert np.all(np.diff(likeness) > -0.2)
    assert likeness[-1] > likeness[0] + 3


def test_the_whole_range_codes(codec, draw):
    image = draw(40, 40)
    for quality in codec.quality_range:
        assert codec.decode(codec.encode(image, quality)).shape == image.shape


def test_same_image_same_file(codec, picture):
    quality = codec.default_qualities[3]
    assert codec.encode(picture, quality) == codec.encode(picture, quality)


def test_threads_change_no_bit(codec, draw):
    image, quality = draw(160, 224), codec.default_qualities[3]
    one, two = codec.encode(image, quality), get_baseline(codec.name, threads=2).encode(image, quality)
    # libaom decides otherwise where rows run in parallel.
    assert one == two if codec.family != "avif" else abs(len(one) - len(two)) < 0.02 * len(one)


def test_views_are_coded_as_what_they_show(codec, picture):
    view = picture[::-1, ::-1]
    quality = codec.default_qualities[3]
    assert codec.encode(view, quality) == codec.encode(view.copy(), quality)


def test_defaults_make_a_curve(codec):
    low, high = codec.quality_range
    assert len(codec.default_qualities) >= 6
    assert list(codec.default_qualities) == sorted(set(codec.default_qualities))
    assert low <= codec.default_qualities[0] <= codec.default_qualities[-1] <= high


def test_says_library_and_version(codec):
    assert re.search(r"[A-Za-z0-9]+ .*\d+", codec.version())
    assert codec.version() == codec.version()


@pytest.mark.parametrize("beyond", [-0.5, 0.5])
def test_quality_outside_the_range(codec, picture, beyond):
    low, high = codec.quality_range
    quality = low + beyond if beyond < 0 else high + beyond
    with pytest.raises(BaselineError, match=rf"{codec.name} has qualities {low:g} to {high:g}, got"):
        codec.encode(picture, quality)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_what_is_no_image(codec, image):
    with pytest.raises(BaselineError, match=r"needs uint8 \[H, W, 3\]"):
        codec.encode(image, codec.default_qualities[0])


@pytest.mark.parametrize("data", [b"", b"\0\0\0\1", b"no file of any kind at all"])
def test_what_is_no_file(codec, data):
    with pytest.raises(BaselineError, match=codec.name.split(":")[0]):
        codec.decode(data)


class Faulty(Baseline):
    family = "faulty"
    quality_range = (0, 1)

    def _version(self):
        raise BaselineError("faulty needs a cure")

    def _encode(self, image, quality):
        raise OSError("disk full")

    def _decode(self, data):
        raise ValueError


def test_errors_of_a_library_name_codec_and_cause(picture):
    with pytest.raises(BaselineError, match=r"faulty failed to encode 128x96 .* OSError: disk full") as caught:
        Faulty().encode(picture, 1)
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(BaselineError, match="faulty failed to decode 3 bytes: ValueError"):
        Faulty().decode(b"abc")
    assert Faulty().available() == "faulty needs a cure"


@pytest.mark.parametrize(
    ("spec", "missing"), [("avc", "av"), ("vvc", "imageio_ffmpeg"), ("hevc", "av"), ("jxl", "imagecodecs")]
)
def test_a_missing_package_is_a_reason(monkeypatch, picture, spec, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    vvc._find_vvenc.cache_clear()
    codec = get_baseline(spec)
    assert "pip install" in (codec.available() or "")
    with pytest.raises(BaselineError, match=missing):
        codec.encode(picture, codec.default_qualities[0])


def test_naming_codecs_loads_no_library():
    script = (
        "import sys; from fovea.baselines import baseline_names, get_baseline; "
        "[get_baseline(n).name for n in baseline_names()]; "
        "print(sorted({'av', 'imagecodecs', 'imageio_ffmpeg', 'torch', 'scipy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.fixture
def forgetful():
    """Lets MozJPEG look for its program anew, in this test and after it."""
    mozjpeg._find_cjpeg.cache_clear()
    yield
    mozjpeg._find_cjpeg.cache_clear()


@pytest.mark.usefixtures("forgetful")
def test_mozjpeg_takes_no_other_cjpeg(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "there is none" in (get_baseline("mozjpeg").available() or "")
    program = tmp_path / "cjpeg"
    program.write_text("#!/bin/sh\necho libjpeg-turbo version 3.1.0 >&2\n")
    program.chmod(0o755)
    assert "another program" in (get_baseline("mozjpeg").available() or "")
    program.write_text("#!/bin/sh\necho mozjpeg version 4.1.5 >&2\n[ $1 = -version ] || exit 3\n")
    assert get_baseline("mozjpeg").version() == "MozJPEG 4.1.5"
    with pytest.raises(BaselineError, match="cjpeg failed: mozjpeg version"):
        get_baseline("mozjpeg").encode(np.zeros((2, 2, 3), np.uint8), 50)


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("jpeg", "jpeg"),
        ("vvc", "vvc:fast"),
        ("hevc:slow", "hevc:slow"),
        ("avif:10", "avif:10"),
        ("jxl", "jxl:7"),
    ],
)
def test_spec(spec, name):
    assert get_baseline(spec).name == name
    assert get_baseline(name).name == name


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("gif", "there is no codec 'gif'; known are: jpeg, mozjpeg, .*vvc"),
        ("", "there is no codec ''"),
        ("VVC", "there is no codec 'VVC'"),
        ("vvc:warp", "vvc has no effort 'warp'; it has: faster, fast, medium"),
        ("jpeg:4", "jpeg has no effort '4'; it has: none"),
        ("vvc:", "names no effort after the colon"),
    ],
)
def test_wrong_spec(spec, message):
    with pytest.raises(BaselineError, match=message):
        get_baseline(spec)


def test_names():
    assert set(baseline_names()) == {"jpeg", "mozjpeg", "jpeg2000", "webp", "avif", "jxl", "avc", "hevc", "vvc"}
