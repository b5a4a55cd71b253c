"""Output files either have all of their content or do not exist."""

import os
import threading

import pytest

from fovea.atomic import unfinished_discarded, writing
from fovea.errors import FoveaError


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    with writing(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_an_existing_file_is_replaced_at_the_end(tmp_path):
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
def test_a_failure_keeps_the_existing_file(tmp_path, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(error), writing(path) as file:
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_gets_the_usual_permissions(tmp_path):
    (tmp_path / "ordinary").touch()
    with writing(tmp_path / "file") as file:
        file.write(b"x")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o777])
def test_a_replaced_file_keeps_its_permissions(tmp_path, mode):
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    with writing(path) as file:
        (part,) = tmp_path.glob(".*.part")
        assert part.stat().st_mode & 0o777 & ~mode == 0, "the temporary file is no more readable than the file"
        file.write(b"x")
    assert path.stat().st_mode & 0o777 == mode


def test_unfinished_files_of_other_threads_can_be_discarded(tmp_path):
    writes, ends = threading.Event(), threading.Event()

    def write():
        with pytest.raises(FoveaError, match="cannot be written"), writing(tmp_path / "file") as file:
            file.write(b"half")
            writes.set()
            ends.wait(60)

    thread = threading.Thread(target=write)
    thread.start()
    writes.wait(60)
    with unfinished_discarded():
        assert list(tmp_path.iterdir()) == []
    ends.set()
    thread.join()
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_begun_while_a_process_ends(tmp_path):
    def write():
        with writing(tmp_path / "file"):
            pass

    thread = threading.Thread(target=write)
    with unfinished_discarded():
        thread.start()
        thread.join(0.2)
        assert list(tmp_path.iterdir()) == []
        write()  # in this thread, as in a signal handler
    thread.join(60)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_folder_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(FoveaError, match="cannot be written: Is a directory"), writing(tmp_path):
        raise AssertionError("the work began")


def test_a_circle_of_links_is_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FoveaError, match="cannot be written: Too many levels"), writing(tmp_path / "a"):
        pass


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
    with pytest.raises(FoveaError, match=r"file/below: cannot be written: "), writing(tmp_path / "file" / "below"):
        pass
