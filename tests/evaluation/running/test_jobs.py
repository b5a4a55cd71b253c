"""What clocks count."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fovea.evaluation import work
from fovea.evaluation.contender import Contender
from fovea.evaluation.plan import Plan
from fovea.evaluation.work import Bench, Look
from fovea.recognition import load_dataset


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


def test_no_clock_counts_the_loading_of_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    learned, codec = OneModelAQuality(), Contender("learned", "learned", "1", (1.0, 2.0))
    monkeypatch.setattr(work, "codec_for", lambda spec, objects: learned)
    (tmp_path / "set").mkdir()
    Image.new("RGB", (80, 80)).save(tmp_path / "set" / "a.png")
    bench = Bench(Plan(load_dataset(tmp_path / "set"), ("a",), (codec,), (), "self", tmp_path / "cache.sqlite"))
    for quality in codec.qualities:
        Look(0, codec, quality).run(bench)
    assert learned.waited == {1.0: (64, 64, 3), 2.0: (64, 64, 3)}
