"""What the measured times include, and the search for a size."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fovea.datasets import load_dataset
from fovea.evaluation.codecs import CodecUnderTest
from fovea.evaluation.running.jobs import RecognitionJob, Worker, nearest_quality
from fovea.evaluation.running.plan import Coding, Plan
from fovea.evaluation.specification import CodecSpec


class OneModelAQuality:
    """A codec that loads another model for each quality, and notes the image that had to wait for it."""

    name = "learned"

    def __init__(self) -> None:
        self.waited: dict[float, tuple[int, ...]] = {}

    def encode(self, image: np.ndarray, quality: float) -> bytes:
        self.waited.setdefault(quality, image.shape)
        return image.tobytes()

    def decode(self, data: bytes) -> np.ndarray:
        side = round((len(data) / 3) ** 0.5)
        return np.frombuffer(data, np.uint8).reshape(side, side, 3)


def test_no_time_includes_the_loading_of_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    learned, codec = OneModelAQuality(), CodecUnderTest(CodecSpec("learned"), "learned", "1", (1.0, 2.0))
    monkeypatch.setattr(CodecSpec, "open_for", lambda spec, objects: learned)
    (tmp_path / "set").mkdir()
    Image.new("RGB", (80, 80)).save(tmp_path / "set" / "a.png")
    worker = Worker(Plan(load_dataset(tmp_path / "set"), ("a",), (codec,), (), "self", tmp_path / "cache.sqlite"))
    for quality in codec.qualities:
        RecognitionJob(0, Coding(codec, quality)).run(worker)
    assert learned.waited == {1.0: (64, 64, 3), 2.0: (64, 64, 3)}


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=40), st.floats(1, 2000))
def test_bisection_finds_the_nearest_size(sizes: list[int], wanted: float):
    rising = sorted(sizes)
    quality = nearest_quality(rising.__getitem__, wanted, range(len(rising)))
    ratios = [max(size / wanted, wanted / size) for size in rising]
    assert ratios[quality] == pytest.approx(min(ratios))


def test_bisection_tries_few_qualities():
    tried = []
    nearest_quality(lambda quality: tried.append(quality) or 10 * quality + 1, 333, range(101))
    assert len(tried) <= 7
