import zipfile
from dataclasses import replace

import numpy as np
import pytest

from fovea.coding import Region
from fovea.errors import FoveaError, ModelError
from fovea.store import open_model, save_model


def test_file_round_trip_keeps_the_id(tiny_model, tmp_path):
    path = tmp_path / "tiny.fovea"
    save_model(tiny_model, path)
    loaded = open_model(path)
    assert loaded.id == tiny_model.id and len(loaded.id) == 8
    assert loaded.graphs == dict(tiny_model.graphs)
    assert loaded.card == tiny_model.card
    assert list(tmp_path.iterdir()) == [path]


def test_same_model_gives_the_same_bytes(tiny_model, tmp_path):
    first, second = tmp_path / "a.fovea", tmp_path / "b.fovea"
    save_model(tiny_model, first)
    save_model(tiny_model, second)
    assert first.read_bytes() == second.read_bytes()


def test_id_follows_what_decoding_needs_alone(tiny_model):
    assert replace(tiny_model, card={"other": 1}, name="other", region=Region.FOUND).id == tiny_model.id
    better = {**tiny_model.graphs, "analysis": tiny_model.graphs["analysis"] + b"\0"}
    assert replace(tiny_model, graphs=better).id == tiny_model.id, "a better encoder writes the same format"
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
        open_model(path)


def test_damage_anywhere_is_an_error_that_names_the_file(tiny_model, tmp_path):
    path = tmp_path / "flipped.fovea"
    save_model(tiny_model, path)
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
            model = open_model(path)
            graphs = dict(model.graphs)
        except ModelError as error:
            assert str(path) in str(error) and "\n" not in str(error)
            failures += 1
        else:  # a date, for one, which nothing depends on
            assert (model.id, model.card, graphs) == (tiny_model.id, tiny_model.card, tiny_model.graphs)
    assert failures > 300


def test_broken_tables_are_named_with_their_file(tiny_model, tmp_path):
    path = tmp_path / "tables.fovea"
    save_model(tiny_model, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["tables.bin"] = members["tables.bin"][:-1]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ModelError, match=r"tables\.fovea: .* get the model again"):
        open_model(path)


def test_a_file_of_an_older_format_is_refused(tiny_model, tmp_path):
    path = tmp_path / "old.fovea"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.json", '{"format": 1}')
        archive.writestr("hyper_index.bin", b"")
    with pytest.raises(ModelError, match=r"old\.fovea: .*older version of Fovea"):
        open_model(path)


def test_networks_are_read_when_they_are_needed(tiny_model, tmp_path):
    path = tmp_path / "tiny.fovea"
    save_model(tiny_model, path)
    model = open_model(path)
    assert set(model.graphs) == set(tiny_model.graphs) == set(model.networks)
    save_model(replace(tiny_model, halo=tiny_model.halo + 1), path)
    with pytest.raises(ModelError, match=r"tiny\.fovea: .* replaced while it was in use"):
        model.graphs["means"]
    path.unlink()
    with pytest.raises(ModelError, match=r"tiny\.fovea: .*cannot be read"):
        model.graphs["means"]


def test_saving_makes_folders(tiny_model, tmp_path):
    path = tmp_path / "new" / "folder" / "tiny.fovea"
    save_model(tiny_model, path)
    assert open_model(path).id == tiny_model.id


def test_what_cannot_be_saved_leaves_nothing(tiny_model, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FoveaError, match=r"tiny\.fovea: cannot be written: "):
        save_model(tiny_model, tmp_path / "file" / "tiny.fovea")
    with pytest.raises(TypeError):
        save_model(replace(tiny_model, graphs={**tiny_model.graphs, "means": None}, card={}), tmp_path / "tiny.fovea")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_model_of_a_newer_format_asks_for_an_update(tiny_model, tmp_path):
    path = tmp_path / "new.fovea"
    save_model(tiny_model, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["model.json"] = members["model.json"].replace(b'"format": 3', b'"format": 4')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ModelError, match="update Fovea"):
        open_model(path)
