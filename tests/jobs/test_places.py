"""Places: what they list, read and write."""

import pickle
from pathlib import Path

import pytest

pytest.importorskip("fsspec")

from fovea.jobs import Place


def _names(place: Place, folder: str = "") -> set[str]:
    return {entry.name for entry in place.entries(folder)}


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_the_root_of_a_file_system(tmp_path, scheme):
    given = Place(scheme + Path(tmp_path.anchor).as_posix())
    name = tmp_path.relative_to(tmp_path.anchor).as_posix()
    assert given.at(name) == scheme + tmp_path.as_posix()
    place = pickle.loads(pickle.dumps(given))
    assert name.split("/")[0] in _names(place)
    place.write(f"{name}/a.txt", b"content")
    assert (tmp_path / "a.txt").read_bytes() == b"content"
    assert _names(place, name) == {f"{name}/a.txt"}
    assert place.at(name) == tmp_path.as_posix()


def test_the_root_of_a_store():
    place = Place("memory://")
    place.write("root-of-a-store/a.txt", b"content")
    assert "root-of-a-store" in _names(place) and _names(place, "root-of-a-store") == {"root-of-a-store/a.txt"}
    assert place.at("root-of-a-store") == "memory://root-of-a-store"


@pytest.mark.parametrize("address", ["photos", "photos/", "photos//"])
def test_slashes_at_the_end_do_not_count(address):
    assert Place(address).at("a.png") == "photos/a.png"


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_folder_stays_the_same_for_a_worker_in_another_folder(tmp_path, monkeypatch, scheme):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    place = Place(f"{scheme}photos")
    assert place.address == f"{scheme}photos"  # as the user names it
    pickled = pickle.dumps(place)
    monkeypatch.chdir(tmp_path / "elsewhere")
    for other in (place, pickle.loads(pickled)):
        other.write("a.txt", b"content")
        assert (tmp_path / "photos/a.txt").read_bytes() == b"content"
        (tmp_path / "photos/a.txt").unlink()


def test_a_store_is_pickled_as_its_address():
    assert pickle.loads(pickle.dumps(Place("memory://bucket/photos"))).address == "memory://bucket/photos"
