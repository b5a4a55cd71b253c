"""Files of earlier versions decode as they did when they were made."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fovea import Codec, store
from fovea.engine import engine_names

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.fov"))
RELEASED = sorted((GOLDEN / "released").glob("*.fov"))


def test_there_are_golden_files():
    assert len(FILES) >= 4


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_file_decodes_as_ever(path, engine, monkeypatch):
    if engine not in engine_names():
        pytest.skip(f"{engine} is not installed")
    monkeypatch.setenv(store.FOLDERS, str(GOLDEN))
    _assert_decodes(Codec(engine=engine, precision="fp32", threads=1), path)


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_file_of_a_released_model_decodes_as_ever(path, engine):
    if engine not in engine_names():
        pytest.skip(f"{engine} is not installed")
    _assert_decodes(Codec(engine=engine, precision="fp32", threads=1), path)


def test_every_model_in_the_package_has_golden_files():
    from fovea.bitstream import read_header

    models = {bytes.fromhex(info.id) for info in store.list_models()}
    assert {read_header(path.read_bytes()).model_id for path in RELEASED} == models


def _assert_decodes(codec, path):
    decoded = codec.decode(path.read_bytes())
    expected = np.asarray(Image.open(path.with_suffix(".png")))
    assert decoded.shape == expected.shape
    assert np.abs(decoded.astype(int) - expected).max() <= 1


def test_ids_of_the_golden_models_are_those_of_their_files():
    from fovea.bitstream import read_header

    models = {store.load_model(path).id for path in GOLDEN.glob("*.fovea")}
    assert {read_header(path.read_bytes()).model_id for path in FILES} == models
