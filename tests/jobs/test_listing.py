"""Listings of stores, whose keys may be names that no folder holds."""

from collections.abc import Callable

import pytest

pytest.importorskip("fsspec")
pytest.importorskip("pyarrow")
import fsspec

from fovea.jobs import Place
from fovea.jobs.listing import Listing


@pytest.fixture
def listing(request, tmp_path) -> Callable[..., Listing]:
    """A function that lists the images of a store with the given keys, to be encoded into a folder."""
    address = f"memory://{request.node.name}"

    def make(*keys: str) -> Listing:
        for key in keys:
            fsspec.filesystem("memory").pipe_file(f"{address}/{key}", b"1")
        return Listing(Place(address), {".jpg", ".png"}, Place(str(tmp_path)))

    return make


def _paths(images: Listing) -> list[list[str]]:
    return [[file.path for file in same] for same in images]


def test_keys_with_two_slashes_are_told(listing):
    images = listing("a.png", "/b.png", "street/c.png", "street//d.png")
    assert _paths(images) == [["a.png"], ["street/c.png"]]
    assert [str(error) for error in images.unread] == [
        f"memory://{name}: images whose keys have two slashes in a row here are not encoded: rename them"
        for name in ("test_keys_with_two_slashes_are_told", "test_keys_with_two_slashes_are_told/street/")
    ]


def test_images_that_become_the_same_file_come_together(listing):
    images = listing("a.png", "b.jpg", "a.jpg", "a-1.jpg", "street/a.png")
    assert _paths(images) == [["a-1.jpg"], ["a.jpg", "a.png"], ["b.jpg"], ["street/a.png"]]


_CASES = ("A.jpg", "B/c.png", "a.png", "b/d.png", "É.jpg", "E\N{COMBINING ACUTE ACCENT}.png")


def test_names_that_differ_in_case_are_different_files(listing, monkeypatch):
    monkeypatch.setattr("fovea.names._IGNORES_CASE", False)
    images = listing(*_CASES)
    assert sorted(_paths(images)) == sorted([name] for name in _CASES)
    assert not images.unread


def test_file_systems_that_ignore_case_have_no_two_names_for_one_file(listing, monkeypatch):
    monkeypatch.setattr("fovea.names._IGNORES_CASE", True)
    images = listing(*_CASES)
    accented = ["E\N{COMBINING ACUTE ACCENT}.png", "É.jpg"]
    assert _paths(images) == [["A.jpg", "a.png"], accented, ["B/c.png"]]
    assert [error.reason for error in images.unread] == ["B would become the same folder: rename one"]


def test_names_that_would_lead_out_of_the_target_are_told(listing, monkeypatch):
    keys = ("a.png", r"street\..\..\evil.png", "C:evil.png", r"..\folder/b.png", r"x\..\..\folder/b.png")
    monkeypatch.setattr("fovea.names._SEPARATORS", frozenset())
    assert len(list(listing(*keys))) == 4  # the one that begins with a dot is hidden
    monkeypatch.setattr("fovea.names._SEPARATORS", frozenset("\\:"))
    images = listing(*keys)
    assert _paths(images) == [["a.png"]]
    assert len(images.unread) == 3 and all("has a name that nothing in" in error.reason for error in images.unread)
