"""An output is whole or not there, and what it replaces stays until then."""

import pytest

from fovea.cli.files import writing
from fovea.codec import Codec


def test_replaces_at_the_end(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with writing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
        assert len(list(tmp_path.iterdir())) == 2
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_failure_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with pytest.raises(error), writing(path) as file:
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "ordinary").touch()
    with writing(tmp_path / "x") as file:
        file.write(b"x")
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_failed_encode_keeps_what_was_there(fovea, photo, tmp_path, monkeypatch):
    (tmp_path / "x.fov").write_bytes(b"old")
    before = set(tmp_path.iterdir())

    def interrupted(*_arguments, **_named):
        raise KeyboardInterrupt

    monkeypatch.setattr(Codec, "encode", interrupted)
    assert fovea("encode", photo, tmp_path / "x.fov").exit_code == 130
    assert set(tmp_path.iterdir()) == before
    assert (tmp_path / "x.fov").read_bytes() == b"old"


def test_place_that_cannot_be_written(fovea, photo, tmp_path):
    (tmp_path / "file").touch()
    result = fovea("encode", photo, tmp_path / "file" / "x.fov")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"fovea: {photo}: {tmp_path / 'file' / 'x.fov'} cannot be written: ")
    assert result.stderr.count("\n") == 1
