"""Models by name, path and id."""

import hashlib
import os
from dataclasses import replace

import numpy as np
import pytest

import fovea
from fovea import store
from fovea.errors import DownloadError, ModelError
from fovea.store import find_id, index, list_models, load_model, models, open_model, save_model, unreadable_files

PHOTO = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


def test_models_are_found_by_name_path_and_id(tiny_model, tmp_path, monkeypatch):
    path = tmp_path / "tiny.fovea"
    save_model(tiny_model, path)
    assert load_model(path).id == tiny_model.id
    with pytest.raises(ModelError, match="unknown model 'tiny'"):
        load_model("tiny")
    with pytest.raises(ModelError, match=tiny_model.id.hex()):
        load_model(tiny_model.id)
    monkeypatch.setenv(store.FOLDERS, str(tmp_path))
    assert load_model("tiny").id == tiny_model.id
    assert load_model(tiny_model.id).name == "tiny"


def test_a_path_without_a_file_is_an_error(tmp_path):
    with pytest.raises(ModelError, match=r"absent\.fovea"):
        load_model(tmp_path / "absent.fovea")


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The folder of the package and two of the user's, all empty."""
    package, first, second = (tmp_path / name for name in ("package", "first", "second"))
    for folder in (package, first, second):
        folder.mkdir()
    monkeypatch.setattr(index, "WEIGHTS", package)
    monkeypatch.setattr(index, "INDEX", tmp_path / "index.json")
    monkeypatch.setenv("FOVEA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(store.ADDRESS, raising=False)
    (tmp_path / "index.json").write_text("[]")
    monkeypatch.setenv(store.FOLDERS, os.pathsep.join(map(str, (first, second))))
    return package, first, second


def release(package, *saved, keep=True):
    """Write an index of models that lie in the folder of the package, or did."""
    paths = {}
    for model in saved:
        path = package / f"{model.name}.fovea"
        save_model(model, path)
        paths[path] = open_model(path)
    store.write_index(paths, index.INDEX)
    if not keep:
        for path in paths:
            path.rename(package.parent / path.name)


def test_broken_model_files_do_not_hide_others(tiny_model, folders):
    _, first, second = folders
    broken = [first / "a.fovea", second / "b.fovea"]
    for path in broken:
        path.write_bytes(b"no model")
    save_model(tiny_model, second / "tiny.fovea")
    assert load_model(tiny_model.id).name == load_model(tiny_model.id.hex()).name == "tiny"
    assert load_model("tiny").id == tiny_model.id
    assert [error.path for error in unreadable_files()] == broken
    assert [info.name for info in list_models()] == ["tiny"]
    with pytest.raises(ModelError, match=f"{b'8 bytes!'.hex()}.* cannot be read: {broken[0]}, {broken[1]}$"):
        load_model(b"8 bytes!")


def test_an_older_model_does_not_take_the_place_of_the_packaged_one(tiny_model, folders):
    package, archive, _ = folders
    newer = replace(tiny_model, halo=tiny_model.halo + 1)
    release(package, newer)
    save_model(tiny_model, archive / "tiny.fovea")
    assert load_model("tiny").id == newer.id
    assert [info.id for info in list_models()] == [newer.id.hex()]
    assert load_model(tiny_model.id).halo == tiny_model.halo, "by its id the older one is found, too"
    assert find_id(tiny_model.id).path.parent == archive and find_id(newer.id).path.parent == package
    with pytest.raises(ModelError, match="there are: tiny\\. "):
        load_model("other")


def test_a_model_of_the_user_takes_the_place_of_one_that_is_not_installed(tiny_model, folders, address, monkeypatch):
    package, own, _ = folders
    release(package, tiny_model, keep=False)
    newer = replace(tiny_model, halo=tiny_model.halo + 1)
    save_model(newer, own / "tiny.fovea")
    assert [(info.id, info.path) for info in list_models()] == [(newer.id.hex(), own / "tiny.fovea")]
    assert load_model("tiny").id == newer.id
    monkeypatch.setenv(store.ADDRESS, address)
    assert load_model(tiny_model.id).id == tiny_model.id, "by its id the released one is downloaded"
    assert [info.path for info in list_models()] == [own / "tiny.fovea"]
    assert load_model("tiny").id == newer.id, "a download does not hide the file of the user"


def test_the_index_opens_no_model_file(tiny_model, folders, monkeypatch):
    package, first, _ = folders
    release(package, tiny_model)
    first.rmdir()
    monkeypatch.setattr(models, "open_model", None)
    (info,) = list_models()
    assert (info.name, info.id, info.region) == ("tiny", tiny_model.id.hex(), "none")
    assert info.size == info.path.stat().st_size
    assert info.sha256 == hashlib.sha256(info.path.read_bytes()).hexdigest()
    assert find_id(tiny_model.id) == info and find_id(b"8 bytes!") is None


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_model_that_is_not_installed_is_downloaded_once(by, tiny_model, folders, address, monkeypatch):
    release(folders[0], tiny_model, keep=False)
    which = "tiny" if by == "name" else tiny_model.id
    (info,) = list_models()
    assert info.path is None and find_id(tiny_model.id) == info
    with pytest.raises(ModelError, match=r"tiny is not installed: .*FOVEA_MODELS .*FOVEA_MODELS_URL"):
        load_model(which)
    monkeypatch.setenv(store.ADDRESS, address)
    assert load_model(which).graphs == tiny_model.graphs
    monkeypatch.setenv(store.ADDRESS, "http://127.0.0.1:1/")
    assert load_model(which).id == tiny_model.id
    assert list_models()[0].path.is_file()


def test_a_download_that_is_another_file_is_refused(tiny_model, folders, address, monkeypatch):
    release(folders[0], tiny_model, keep=False)
    (folders[0].parent / "tiny.fovea").write_bytes(b"something else")
    monkeypatch.setenv(store.ADDRESS, address)
    with pytest.raises(DownloadError, match="SHA-256"):
        load_model("tiny")
    assert list_models()[0].path is None


def test_a_codec_decodes_with_a_model_that_it_downloads(tiny_model, folders, address, monkeypatch):
    package, *_ = folders
    other = replace(tiny_model, name="other", halo=tiny_model.halo + 1)
    release(package, other, tiny_model)
    data = fovea.Codec("tiny", threads=1).encode(PHOTO)
    (package / "tiny.fovea").rename(package.parent / "tiny.fovea")
    monkeypatch.setenv(store.ADDRESS, address)
    assert fovea.Codec("other", threads=1).decode(data).shape == (64, 64, 3)


def test_a_decoder_loads_nothing_of_the_encoder(tiny_model, tmp_path, monkeypatch):
    save_model(tiny_model, tmp_path / "tiny.fovea")
    data = fovea.Codec(tmp_path / "tiny.fovea", threads=1).encode(PHOTO)
    read = []
    from fovea.store import model_file

    take = model_file._Graphs.__getitem__
    monkeypatch.setattr(model_file._Graphs, "__getitem__", lambda self, name: read.append(name) or take(self, name))
    codec = fovea.Codec(tmp_path / "tiny.fovea", threads=1)
    assert read == []
    codec.decode(data)
    assert sorted(read) == ["context", "means", "scales", "synthesis"]
    codec.encode(PHOTO)
    assert sorted(read) == ["analysis", "context", "hyper_analysis", "means", "scales", "synthesis"]


def test_few_decoders_stay_open(tiny_model, folders):
    files = []
    for number in range(6):
        model = replace(tiny_model, name=f"m{number}", halo=tiny_model.halo + number)
        save_model(model, folders[1] / f"m{number}.fovea")
        files.append(fovea.Codec(f"m{number}", threads=1).encode(PHOTO))
    codec = fovea.Codec("m0", threads=1)
    for data in (*files, files[0]):
        assert codec.decode(data).shape == (64, 64, 3)
    assert len(codec._decoders) == 4


def test_the_released_index_is_that_of_the_files():
    for info in index.released():
        assert info.path is not None, "the tree holds all models"
        model = open_model(info.path)
        assert info == replace(store.describe(model, info.path), sha256=store.sha256_of(info.path))
        assert model.name == info.name and info.purpose and info.kmac_per_pixel and info.patches
    assert {path.stem for path in index.WEIGHTS.glob("*.fovea")} == {info.name for info in index.released()}
