"""The registry of public weights."""

import hashlib

import pytest

from fovea.errors import RecognizerError
from fovea.recognition import WEIGHTS, Weights, fetch


def test_weights_are_fetched_once_and_again_where_they_are_spoiled(tmp_path, address, monkeypatch):
    monkeypatch.setenv("FOVEA_CACHE", str(tmp_path / "cache"))
    content, served = b"the weights", tmp_path / "model.onnx"
    served.write_bytes(content)
    weights = Weights("tiny", f"{address}model.onnx", hashlib.sha256(content).hexdigest(), "CC0-1.0")
    first = fetch(weights)
    assert first == tmp_path / "cache" / "recognizers" / "model.onnx" and first.read_bytes() == content
    served.rename(tmp_path / "gone")
    assert fetch(weights) == first, "nothing is asked of the server"
    (tmp_path / "gone").rename(served)
    first.write_bytes(b"spoiled")
    assert fetch(weights).read_bytes() == content


def test_weights_without_a_checksum_are_refused():
    with pytest.raises(RecognizerError, match="without a SHA-256"):
        fetch(Weights("mine", "http://127.0.0.1:9/mine.onnx", "", "MIT"))


def test_the_registry_is_complete():
    for name, weights in WEIGHTS.items():
        assert weights.name == name and weights.url.startswith("https://") and weights.license
        assert len(weights.sha256) == 64 and int(weights.sha256, 16) > 0
    assert len({weights.path for weights in WEIGHTS.values()}) == len(WEIGHTS)
