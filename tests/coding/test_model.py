import zipfile
from dataclasses import replace

import pytest

from fovea.coding import registry
from fovea.coding.model import Model
from fovea.errors import ModelError


def test_file_round_trip_keeps_the_id(tiny_model, tmp_path):
    path = tmp_path / "tiny.fovea"
    tiny_model.save(path)
    loaded = Model.load(path)
    assert loaded.id == tiny_model.id and len(loaded.id) == 8
    assert loaded.graphs == dict(tiny_model.graphs)
    assert loaded.card == tiny_model.card
    assert list(tmp_path.iterdir()) == [path]


def test_same_model_gives_the_same_bytes(tiny_model, tmp_path):
    first, second = tmp_path / "a.fovea", tmp_path / "b.fovea"
    tiny_model.save(first)
    tiny_model.save(second)
    assert first.read_bytes() == second.read_bytes()


def test_id_follows_what_decoding_depends_on_and_not_the_card(tiny_model):
    assert replace(tiny_model, card={"other": 1}).id == tiny_model.id
    assert replace(tiny_model, halo=tiny_model.halo + 1).id != tiny_model.id
    graphs = {**tiny_model.graphs, "means": tiny_model.graphs["means"] + b"\0"}
    assert replace(tiny_model, graphs=graphs).id != tiny_model.id
    changed = tiny_model.hyper_index.copy()
    changed[0, 0] ^= 1
    assert replace(tiny_model, hyper_index=changed).id != tiny_model.id


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_broken_files_are_named(content, tmp_path):
    path = tmp_path / "broken.fovea"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.fovea"):
        Model.load(path)


def test_model_of_a_newer_format_asks_for_an_update(tiny_model, tmp_path):
    path = tmp_path / "new.fovea"
    tiny_model.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["model.json"] = members["model.json"].replace(b'"format": 1', b'"format": 2')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ModelError, match="update Fovea"):
        Model.load(path)


def test_models_are_found_by_name_path_and_id(tiny_model, tmp_path, monkeypatch):
    path = tmp_path / "tiny.fovea"
    tiny_model.save(path)
    assert registry.find_model(path).id == tiny_model.id
    with pytest.raises(ModelError, match="unknown model 'tiny'"):
        registry.find_model("tiny")
    with pytest.raises(ModelError, match=tiny_model.id.hex()):
        registry.model_of_id(tiny_model.id)
    monkeypatch.setenv(registry.ENVIRONMENT, str(tmp_path))
    assert registry.find_model("tiny").id == tiny_model.id
    assert registry.model_of_id(tiny_model.id).name == "tiny"


def test_a_path_without_a_file_is_an_error(tmp_path):
    with pytest.raises(ModelError, match=r"absent\.fovea"):
        registry.find_model(tmp_path / "absent.fovea")
