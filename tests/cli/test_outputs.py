"""What is found out about outputs before the work."""

import os

import click
import pytest

from fovea.cli.outputs import keep_inputs, require_file, require_folder
from fovea.errors import FoveaError


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_an_input_is_not_replaced_by_any_name(tmp_path, link, monkeypatch):
    monkeypatch.chdir(tmp_path)
    original, other = tmp_path / "original", tmp_path / "other"
    original.touch()
    link(original, other)
    for output in (original, other, tmp_path / "." / ".." / tmp_path.name / "original"):
        with pytest.raises(click.UsageError, match=r"is (an input, too|the input)"):
            keep_inputs([tmp_path / "new", output], [tmp_path / "none", original])
    keep_inputs([tmp_path / "new"], [original, other])


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(click.UsageError, match="is a folder: name a file"):
        require_file(tmp_path)


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    for path, reason in (("file/x", "Not a directory"), ("file/x/y", "Not a directory"), ("x" * 300, "name too long")):
        with pytest.raises(FoveaError, match=f"{path}: cannot be written: .*{reason}"):
            require_file(tmp_path / path)
    with pytest.raises(FoveaError, match="file: cannot be written: Not a directory"):
        require_folder(tmp_path / "file")
    require_file(tmp_path / "new" / "folder" / "x")
    require_folder(tmp_path / "new" / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["file"], "nothing is made"


def test_outputs_of_a_run_keep_all_that_it_reads(fovea, photo, tmp_path):
    model, labels = tmp_path / "mine.fovea", tmp_path / "labels.json"
    for path in (model, labels):
        path.write_bytes(b"precious")
        result = fovea("encode", photo, path, "-m", model, "--roi", labels)
        assert (result.exit_code, path.read_bytes()) == (2, b"precious")
        assert f"the output {path} is an input, too" in result.stderr


def test_a_target_in_a_folder_that_leads_to_an_image(fovea, tree, tmp_path):
    before = (tree / "a.png").read_bytes()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.fov").symlink_to(tree / "a.png")
    result = fovea("encode", tree, tmp_path / "out")
    assert (result.exit_code, (tree / "a.png").read_bytes()) == (2, before)
    assert result.stderr == f"fovea: the output {tmp_path}/out/a.fov is the input {tree}/a.png: choose another\n"


def test_a_folder_in_the_place_of_a_target(fovea, photo, tmp_path):
    (tmp_path / "out/photo.fov").mkdir(parents=True)
    result = fovea("encode", photo, tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr == f"fovea: {photo}: {tmp_path}/out/photo.fov: cannot be written: Is a directory\n"
