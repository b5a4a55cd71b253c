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
    place = pickle.loads(pickle.dumps(Place(scheme + Path(tmp_path.anchor).as_posix())))
    name = tmp_path.relative_to(tmp_path.anchor).as_posix()
    assert name.split("/")[0] in _names(place)
    place.write(f"{name}/a.txt", b"content")
    assert (tmp_path / "a.txt").read_bytes() == b"content"
    assert _names(place, name) == {f"{name}/a.txt"}
    assert place.at(name) == scheme + tmp_path.as_posix()


def test_the_root_of_a_store():
    place = Place("memory://")
    place.write("root-of-a-store/a.txt", b"content")
    assert "root-of-a-store" in _names(place) and _names(place, "root-of-a-store") == {"root-of-a-store/a.txt"}
    assert place.at("root-of-a-store") == "memory://root-of-a-store"


@pytest.mark.parametrize("address", ["photos", "photos/", "photos//"])
def test_slashes_at_the_end_do_not_count(address):
    assert Place(address).at("a.png") == "photos/a.png"
