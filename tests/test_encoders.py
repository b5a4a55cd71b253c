"""A model file may hold several encoders for one decoder."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import numpy_helper
from PIL import Image

from fovea import Codec
from fovea.cli import main
from fovea.coding import Region
from fovea.errors import ArgumentError, ModelError
from fovea.store import FOLDERS, open_model, save_model


def _stronger(graph: bytes) -> bytes:
    """Return an analysis with another last layer: another encoder for the same decoder."""
    network = onnx.load_from_string(graph)
    weight = next(tensor for tensor in reversed(network.graph.initializer) if len(tensor.dims) == 4)
    weight.CopyFrom(numpy_helper.from_array(1.25 * numpy_helper.to_array(weight), weight.name))
    return network.SerializeToString()


@pytest.fixture(scope="module")
def sibling(tiny_model):
    return replace(
        tiny_model,
        name="sibling",
        graphs={**tiny_model.graphs, "analysis": _stronger(tiny_model.graphs["analysis"])},
        region=Region.NONE,
    )


@pytest.fixture(scope="module")
def path(tiny_model, sibling, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "two.fovea"
    save_model(tiny_model.with_encoder("strong", sibling), path)
    return path


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(5).integers(0, 256, (70, 90, 3), dtype=np.uint8)


def test_a_further_encoder_changes_neither_the_id_nor_the_usual_encoder(path, tiny_model, tmp_path, image):
    alone = tmp_path / "one.fovea"
    save_model(tiny_model, alone)
    assert open_model(path).id == open_model(alone).id == tiny_model.id
    assert Codec(path, threads=1).encode(image, 40) == Codec(alone, threads=1).encode(image, 40)


def test_files_of_each_encoder_are_decoded_by_the_one_decoder(path, tiny_model, tmp_path, image):
    data = Codec(path, threads=1, encoder="strong").encode(image, 40)
    assert data != Codec(path, threads=1).encode(image, 40)
    alone = tmp_path / "one.fovea"
    save_model(tiny_model, alone)
    assert np.array_equal(Codec(alone, threads=1).decode(data), Codec(path, threads=1).decode(data))


def test_an_unknown_encoder_is_named_before_any_work(path, tmp_path):
    with pytest.raises(ArgumentError, match="no encoder 'weak'; there are: strong"):
        Codec(path, encoder="weak")


def test_an_encoder_of_another_decoder_is_refused(tiny_model, finding_model):
    with pytest.raises(ModelError, match="has another decoder than"):
        tiny_model.with_encoder("finding", finding_model)


@pytest.mark.parametrize("name", ["", "a/b", "../x", "Strong"])
def test_a_name_that_could_be_a_path_is_refused(tiny_model, sibling, name):
    with pytest.raises(ArgumentError, match="cannot name an encoder"):
        tiny_model.with_encoder(name, sibling)


def test_commands_take_and_list_encoders(path, tmp_path, image, monkeypatch):
    def cli(*arguments):
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    Image.fromarray(image).save(tmp_path / "x.png")
    assert (
        cli("encode", tmp_path / "x.png", tmp_path / "x.fov", "-m", path, "--encoder", "strong", "-q", 40).exit_code
        == 0
    )
    assert (tmp_path / "x.fov").read_bytes() == Codec(path, encoder="strong").encode(image, 40)
    assert cli("encode", tmp_path / "x.png", tmp_path / "y.fov", "-m", path, "--encoder", "weak").exit_code == 1
    assert not (tmp_path / "y.fov").exists()
    monkeypatch.setenv(FOLDERS, str(path.parent))
    assert "strong (no region of interest)" in cli("models", "two").stdout
