"""Listings of stores, whose keys may be names that no folder holds."""

from collections.abc import Callable

import pytest

pytest.importorskip("fsspec")
pytest.importorskip("pyarrow")
import fsspec

from fovea.jobs import Place
from fovea.jobs.listing import Listing


@pytest.fixture
def listing(request) -> Callable[..., Listing]:
    """A function that lists the images of a store with the given keys."""
    address = f"memory://{request.node.name}"

    def make(*keys: str) -> Listing:
        for key in keys:
            fsspec.filesystem("memory").pipe_file(f"{address}/{key}", b"1")
        return Listing(Place(address), {".jpg", ".png"})

    return make


def test_keys_with_two_slashes_are_told(listing):
    images = listing("a.png", "/b.png", "street/c.png", "street//d.png")
    assert [file.path for file in images] == ["a.png", "street/c.png"]
    assert [str(error) for error in images.unread] == [
        f"memory://{name}: images whose keys have two slashes in a row here are not encoded: rename them"
        for name in ("test_keys_with_two_slashes_are_told", "test_keys_with_two_slashes_are_told/street/")
    ]
