from pathlib import Path

import pytest

from fovea.errors import FoveaError
from fovea.evaluation.running.cache import Cache


def test_values_stay(tmp_path: Path):
    with Cache(tmp_path / "new" / "cache.sqlite") as cache:
        cache.put({"a": b"1", "b": b""})
    with Cache(tmp_path / "new" / "cache.sqlite") as cache:
        assert (cache.get("a"), cache.get("b"), cache.get("c")) == (b"1", b"", None)
        assert "a" in cache
        assert "c" not in cache


def test_full_disk_is_one_clear_error_and_leaves_no_half(tmp_path: Path):
    with Cache(tmp_path / "cache.sqlite") as cache:
        cache.put({"before": b"kept"})
        cache._db.execute("PRAGMA max_page_count = 8")  # as SQLite sees a disk with no room
        with pytest.raises(FoveaError, match=r"cache\.sqlite: the disk is full: make room and run again"):
            cache.put({"small": b"1", "large": bytes(10**6)})
        assert cache.get("before") == b"kept"
        assert "small" not in cache


def test_other_files_are_refused(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("no data base, and long enough to have a header " * 10)
    with pytest.raises(FoveaError, match=r"notes\.txt: is not the cache of an evaluation"):
        Cache(path)
    assert path.read_text().startswith("no data base")


def test_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FoveaError, match="file"):
        Cache(tmp_path / "file" / "cache.sqlite")
