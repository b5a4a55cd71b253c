"""The adapter against a stand-in of CompressAI's public interface: no weights of it are to be had here."""

import sys
import types

import numpy as np
import pytest

from fovea.baselines import get_baseline
from fovea.errors import BaselineError
from fovea.evaluation import CodecSpec, find_codec

torch = pytest.importorskip("torch")


class Model(torch.nn.Module):
    """Codes exactly: a string of pixels and a string of one number, as a hyperprior has two strings."""

    def __init__(self, gain):
        super().__init__()
        self.gain = gain
        self.tables = False

    @classmethod
    def from_state_dict(cls, state):
        return cls(float(state["gain"]))

    def update(self, force=False):
        self.tables = force

    def compress(self, x):
        assert self.tables
        assert not self.training
        height, width = x.shape[-2:]
        assert height % 64 == width % 64 == 0
        pixels = (x * 255).round().byte().numpy().tobytes()
        return {"strings": [[pixels], [b"z"]], "shape": torch.Size((height // 64, width // 64))}

    def decompress(self, strings, shape):
        (pixels,), (z,) = strings
        assert z == b"z"
        plane = np.frombuffer(pixels, np.uint8).reshape(1, 3, shape[0] * 64, shape[1] * 64)
        return {"x_hat": torch.from_numpy(plane.copy()).float() / 255 * self.gain}


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A folder of two checkpoints, and the package to read them."""
    image = types.ModuleType("compressai.zoo.image")
    image.model_architectures = {"copying": Model}
    package = types.ModuleType("compressai")
    package.__version__ = "1.2.8"
    for name, module in {
        "compressai": package,
        "compressai.zoo": types.ModuleType("compressai.zoo"),
        "compressai.zoo.image": image,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    torch.save({"gain": torch.tensor(1.0)}, tmp_path / "copy-1.pth")
    torch.save({"state_dict": {"gain": torch.tensor(2.0)}}, tmp_path / "copy-3.pth")
    (tmp_path / "copy-x.pth").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(("height", "width"), [(1, 1), (64, 64), (65, 130)])
def test_gives_back_any_size(weights, draw, height, width):
    codec = get_baseline(f"compressai:copying:{weights}/copy-1.pth")
    image = draw(height, width)
    data = codec.encode(image, 1)
    np.testing.assert_array_equal(codec.decode(data), image)
    padded = 3 * (-(-height // 64) * 64) * (-(-width // 64) * 64)
    assert len(data) == 10 + 2 * 4 + padded + 1


def test_one_network_a_rate(weights, picture):
    codec = get_baseline(f"compressai:copying:{weights}/copy-{{quality}}.pth")
    assert codec.name == "compressai:copying:copy-{quality}.pth"
    assert codec.quality_range == (1, 3)
    assert codec.default_qualities == (1, 3)
    back = get_baseline(f"compressai:copying:{weights}/copy-{{quality}}.pth").decode(codec.encode(picture // 2, 3))
    np.testing.assert_array_equal(back, picture // 2 * 2)
    with pytest.raises(BaselineError, match=r"weights for qualities \[1, 3\], not for 2"):
        codec.encode(picture, 2)


def test_only_rates_with_a_network_are_tested(weights):
    spec = CodecSpec.parse(f"compressai:copying:{weights}/copy-{{quality}}.pth")
    assert find_codec(spec).qualities == (1, 3)
    assert [quality for quality in range(5) if spec.has_quality(quality)] == [1, 3]
    with pytest.raises(BaselineError, match="has qualities 1, 3, not 2"):
        find_codec(spec, [1, 2])


def test_version_tells_the_weights_apart(weights):
    first, third = (get_baseline(f"compressai:copying:{weights}/copy-{quality}.pth").version() for quality in (1, 3))
    assert first.startswith("compressai 1.2.8, weights ")
    assert first != third


def test_damaged_file(weights, draw):
    codec = get_baseline(f"compressai:copying:{weights}/copy-1.pth")
    data = codec.encode(draw(8, 8), 1)
    for damaged in (b"", data[:12], data[:-100], b"\x01\0\x01\0\xff\xff\xff\xff" + data[8:]):
        with pytest.raises(BaselineError, match="compressai"):
            codec.decode(damaged)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("compressai", "needs 'compressai:architecture:weights file'"),
        ("compressai:copying", "needs 'compressai:architecture:weights file'"),
        ("compressai:copying:nowhere/none.pth", "nowhere/none.pth: compressai has no weights"),
        ("compressai:copying:nowhere/{quality}.pth", "nowhere/.quality..pth: compressai has no weights"),
    ],
)
def test_wrong_spec(spec, message):
    with pytest.raises(BaselineError, match=message):
        get_baseline(spec)


def test_unknown_architecture(weights):
    assert "it has: copying" in (get_baseline(f"compressai:other:{weights}/copy-1.pth").available() or "")


def test_missing_package(weights, monkeypatch):
    monkeypatch.setitem(sys.modules, "compressai", None)
    assert "pip install compressai" in (get_baseline(f"compressai:copying:{weights}/copy-1.pth").available() or "")
