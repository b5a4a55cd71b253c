"""Files of a folder, and the summary of those that are skipped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fovea.cli.survey import survey

mkfifo = getattr(os, "mkfifo", None)


def test_other_files_are_counted_by_kind(tmp_path):
    for name in ("a.png", "b.TXT", "c.txt", "d.mov", "Makefile", ".hidden", "e.1", "f.2", "g.3", "h.4"):
        (tmp_path / name).touch()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "i.txt").touch()
    (tmp_path / "link").symlink_to(tmp_path / "below")
    result = survey(tmp_path, {".png"})
    assert result.files == [tmp_path / "a.png"] and result.unread == []
    assert result.passed_over == (
        "9 files were skipped: 3 .txt, 1 .1, 1 .2, 1 .3, 1 .4, 2 others; 1 folder was not searched"
    )
    assert survey(tmp_path / "below", {".png"}).passed_over == "1 file was skipped: 1 .txt"
    assert survey(tmp_path / "below", {".txt"}).passed_over == ""
    assert survey(tmp_path, {".png"}, below=False).passed_over.endswith("; 2 folders were not searched")


def test_broken_links_are_reported(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "b.png").symlink_to("a.png")
    (tmp_path / "c.png").symlink_to("gone.png")
    result = survey(tmp_path, {".png"})
    assert [path.name for path in result.files] == ["a.png", "b.png"]
    assert [error.filename for error in result.unread] == [str(tmp_path / "c.png")]


@pytest.mark.skipif(mkfifo is None, reason="needs a POSIX system")
def test_special_files_are_passed_over(fovea, photo, tmp_path):
    folder = photo.parent / "in"
    folder.mkdir()
    photo.rename(folder / "photo.jpg")
    mkfifo(folder / "pipe.png")
    (folder / "gone.png").symlink_to("nowhere.png")
    result = fovea("encode", folder, tmp_path / "out")
    assert result.exit_code == 1
    gone, summary = result.stderr.splitlines()
    assert gone == f"fovea: {folder / 'gone.png'}: No such file or directory"
    assert summary.endswith(" MP/s; 1 file was skipped: 1 special")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["photo.fov"]
    quiet = fovea("encode", folder, tmp_path / "out", "--quiet")
    assert quiet.stderr.splitlines() == [gone]


@pytest.mark.skipif(mkfifo is None, reason="needs a POSIX system")
def test_a_named_pipe_is_read_if_it_is_given(coded, photo, tmp_path):
    mkfifo(tmp_path / "in")
    process = subprocess.Popen([sys.executable, "-m", "fovea", "encode", tmp_path / "in", tmp_path / "x.fov"])
    Path(tmp_path / "in").write_bytes(photo.read_bytes())
    assert process.wait(60) == 0
    assert (tmp_path / "x.fov").read_bytes() == coded.read_bytes()
