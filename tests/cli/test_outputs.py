"""Checks of outputs before the work starts."""

import os

import click
import pytest

from fovea.cli.outputs import keep_inputs, require_file, require_folder
from fovea.errors import FoveaError


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_an_input_is_not_replaced_under_any_name(tmp_path, link, monkeypatch):
    monkeypatch.chdir(tmp_path)
    original, other = tmp_path / "original", tmp_path / "other"
    original.touch()
    link(original, other)
    for output in (original, other, tmp_path / "." / ".." / tmp_path.name / "original"):
        with pytest.raises(click.UsageError, match=r"is (an input, too|the input)"):
            keep_inputs([tmp_path / "new", output], [tmp_path / "none", original])
    keep_inputs([tmp_path / "new"], [original, other])


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(click.UsageError, match="is a folder: name a file"):
        require_file(tmp_path)


def test_paths_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "file").touch()
    for path, reason in (("file/x", "Not a directory"), ("file/x/y", "Not a directory"), ("x" * 300, "name too long")):
        with pytest.raises(FoveaError, match=f"{path}: cannot be written: .*{reason}"):
            require_file(tmp_path / path)
    with pytest.raises(FoveaError, match="file: cannot be written: Not a directory"):
        require_folder(tmp_path / "file")
    require_file(tmp_path / "new" / "folder" / "x")
    require_folder(tmp_path / "new" / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["file"], "the checks write nothing"


def test_the_command_does_not_replace_its_inputs(fovea, photo, tmp_path):
    model, labels = tmp_path / "mine.fovea", tmp_path / "labels.json"
    for path in (model, labels):
        path.write_bytes(b"unchanged")
        result = fovea("encode", photo, path, "-m", model, "--roi", labels)
        assert (result.exit_code, path.read_bytes()) == (2, b"unchanged")
        assert f"the output {path} is an input, too" in result.stderr


def test_an_output_need_not_be_readable(fovea, photo, coded, tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not (str(path).endswith("out") and mode & os.R_OK) and access(path, mode)
    )
    assert fovea("encode", photo, tmp_path / "out").exit_code == 0
    assert fovea("decode", coded, tmp_path / "out").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["photo.fov", "photo.png"]
    assert fovea("decode", tmp_path / "out", tmp_path / "new").exit_code == 2, "an input must be readable"


def test_a_target_that_is_a_link_to_an_input_is_refused(fovea, tree, tmp_path):
    before = (tree / "a.png").read_bytes()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.fov").symlink_to(tree / "a.png")
    result = fovea("encode", tree, tmp_path / "out")
    assert (result.exit_code, (tree / "a.png").read_bytes()) == (2, before)
    assert result.stderr == f"fovea: the output {tmp_path}/out/a.fov is the input {tree}/a.png: choose another\n"


def test_a_target_that_is_a_folder_is_refused(fovea, photo, tmp_path):
    (tmp_path / "out/photo.fov").mkdir(parents=True)
    result = fovea("encode", photo, tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr == f"fovea: {photo}: {tmp_path}/out/photo.fov: cannot be written: Is a directory\n"
