import os
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from fovea.coding import registry
from fovea.coding.model import Model
from fovea.errors import FoveaError, ModelError


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


def test_damage_anywhere_is_an_error_that_names_the_file(tiny_model, tmp_path):
    path = tmp_path / "flipped.fovea"
    tiny_model.save(path)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    structure = [*range(members[0].header_offset, 60), *range(len(content) - 700, len(content))]
    structure += [member.header_offset + offset for member in members for offset in range(60)]
    random = np.random.default_rng(0)
    failures = 0
    for position in [*structure, *random.integers(0, len(content), 100)]:
        damaged = bytearray(content)
        damaged[position] ^= int(random.integers(1, 256))
        path.write_bytes(damaged)
        try:
            model = Model.load(path)
        except ModelError as error:
            assert str(path) in str(error) and "\n" not in str(error)
            failures += 1
        else:  # a date, for one, which nothing depends on
            assert (model.id, model.card) == (tiny_model.id, tiny_model.card)
    assert failures > 300


def test_broken_tables_are_named_with_their_file(tiny_model, tmp_path):
    path = tmp_path / "tables.fovea"
    tiny_model.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["tables.bin"] = members["tables.bin"][:-1]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ModelError, match=r"tables\.fovea is no readable model file: .* get the model again"):
        Model.load(path)


def test_saving_makes_folders(tiny_model, tmp_path):
    path = tmp_path / "new" / "folder" / "tiny.fovea"
    tiny_model.save(path)
    assert Model.load(path).id == tiny_model.id


def test_what_cannot_be_saved_leaves_nothing(tiny_model, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FoveaError, match=r"tiny\.fovea cannot be written: "):
        tiny_model.save(tmp_path / "file" / "tiny.fovea")
    with pytest.raises(TypeError):
        replace(tiny_model, graphs={**tiny_model.graphs, "means": None}, card={}).save(tmp_path / "tiny.fovea")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_model_of_a_newer_format_asks_for_an_update(tiny_model, tmp_path):
    path = tmp_path / "new.fovea"
    tiny_model.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["model.json"] = members["model.json"].replace(b'"format": 1', b'"format": 3')
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


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The folder of the package and two of the user's, all empty."""
    package, first, second = (tmp_path / name for name in ("package", "first", "second"))
    for folder in (package, first, second):
        folder.mkdir()
    monkeypatch.setattr(registry, "WEIGHTS", package)
    monkeypatch.setenv(registry.ENVIRONMENT, os.pathsep.join(map(str, (first, second))))
    return package, first, second


def test_broken_model_files_do_not_hide_others(tiny_model, folders):
    package, first, second = folders
    broken = [package / "a.fovea", first / "b.fovea"]
    for path in broken:
        path.write_bytes(b"no model")
    tiny_model.save(second / "tiny.fovea")
    assert registry.model_of_id(tiny_model.id).name == "tiny"
    assert registry.find_model("tiny").id == tiny_model.id
    with pytest.raises(ModelError, match=f"{b'8 bytes!'.hex()}.*; not readable: {broken[0]}, {broken[1]}$"):
        registry.model_of_id(b"8 bytes!")


def test_an_older_model_does_not_take_the_place_of_the_packaged_one(tiny_model, folders):
    package, archive, _ = folders
    newer = replace(tiny_model, halo=tiny_model.halo + 1)
    newer.save(package / "tiny.fovea")
    tiny_model.save(archive / "tiny.fovea")
    assert registry.find_model("tiny").id == newer.id
    assert registry.model_of_id(tiny_model.id).halo == tiny_model.halo, "by its id the older one is found, too"
    with pytest.raises(ModelError, match="installed: tiny\\. "):
        registry.find_model("other")
