"""Files have all of their content or are not there."""

import pytest

from fovea.atomic import writing
from fovea.errors import FoveaError


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    with writing(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_it_replaces_the_file_before_at_the_end(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with writing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
        assert len(list(tmp_path.iterdir())) == 2
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_a_failure_leaves_the_file_before(tmp_path, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(error), writing(path) as file:
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "ordinary").touch()
    with writing(tmp_path / "file") as file:
        file.write(b"x")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_two_writers_do_not_meet(tmp_path):
    path = tmp_path / "file"
    with writing(path) as first, writing(path) as second:
        first.write(b"first")
        second.write(b"second")
    assert path.read_bytes() == b"first", "the last one to finish"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_one(tmp_path):
    place, link = tmp_path / "place", tmp_path / "link"
    link.symlink_to(place)
    with writing(link) as file:
        file.write(b"content")
    assert link.is_symlink() and place.read_bytes() == b"content"


def test_what_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FoveaError, match=r"file/below cannot be written: "), writing(tmp_path / "file" / "below"):
        pass
