"""Whole folders: the tree of folders, files that fail, and targets that collide."""

import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fovea import codec
from fovea.cli import batch
from fovea.cli.files import Plan, Task
from fovea.codec import Codec

ENCODED = {"a.fov", "b c/d.fov", "b c/e/наука.fov"}


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("jobs", [1, 2, 8])
def test_the_tree_of_folders_stays_the_same(fovea, tree, tmp_path, jobs):
    result = fovea("encode", tree, tmp_path / "out", "-j", jobs, "-q", 20)
    assert (result.exit_code, result.stdout) == (0, "")
    assert files_below(tmp_path / "out") == ENCODED
    with Image.open(tree / "a.png") as image:
        assert (tmp_path / "out/a.fov").read_bytes() == codec.encode(image, 20)
    size = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*.fov"))
    assert result.stderr.startswith(f"3 images: {size:,} bytes, {8 * size / (3 * 96 * 64):.3f} bpp, ")
    assert result.stderr.count("\n") == 1


def test_a_folder_is_decoded(fovea, tree, tmp_path):
    fovea("encode", tree, tmp_path / "coded")
    assert fovea("decode", tmp_path / "coded", tmp_path / "out", "-j", 2).exit_code == 0
    assert files_below(tmp_path / "out") == {name.replace(".fov", ".png") for name in ENCODED}
    decoded = np.array(Image.open(tmp_path / "out/a.png"))
    assert np.array_equal(decoded, codec.decode((tmp_path / "coded/a.fov").read_bytes()))


def test_format_and_region(fovea, tree, tmp_path):
    fovea("encode", tree, tmp_path / "coded")
    assert (
        fovea("decode", tmp_path / "coded", tmp_path / "out", "--format", "jpg", "--region", "8,8,10,12").exit_code == 0
    )
    assert files_below(tmp_path / "out") == {name.replace(".fov", ".jpg") for name in ENCODED}
    assert Image.open(tmp_path / "out/a.jpg").size == (10, 12)


@pytest.mark.parametrize("jobs", [1, 2])
def test_encoding_goes_on_after_bad_files(fovea, tree, tmp_path, jobs):
    (tree / "a bad.jpg").write_bytes(b"no image")
    (tree / "b c/empty.png").write_bytes(b"")
    result = fovea("encode", tree, tmp_path / "out", "-j", jobs)
    assert result.exit_code == 1
    assert files_below(tmp_path / "out") == ENCODED
    lines = result.stderr.splitlines()
    assert lines[:3] == [
        f"fovea: {tree / 'a bad.jpg'}: no image of a format that Pillow decodes",
        f"fovea: {tree / 'b c/empty.png'}: no image of a format that Pillow decodes",
        "fovea: 2 of 5 images failed",
    ]
    assert lines[3].startswith("3 images: ")
    assert len(lines) == 4


def test_decoding_goes_on_after_bad_files(fovea, tree, tmp_path):
    fovea("encode", tree, tmp_path / "coded")
    (tmp_path / "coded/a.fov").write_bytes(b"damaged")
    result = fovea("decode", tmp_path / "coded", tmp_path / "out", "-j", 2)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"fovea: {tmp_path / 'coded/a.fov'}: ")
    assert files_below(tmp_path / "out") == {"b c/d.png", "b c/e/наука.png"}


def test_in_place(fovea, tree):
    before = files_below(tree)
    assert fovea("encode", tree, tree).exit_code == 0
    assert files_below(tree) == before | ENCODED
    assert fovea("encode", tree, tree).exit_code == 0, "its own output is no input"
    assert files_below(tree) == before | ENCODED


@pytest.mark.parametrize("in_place", [True, False])
def test_decoding_keeps_the_originals(fovea, tree, tmp_path, in_place):
    coded = tree if in_place else tmp_path / "coded"
    fovea("encode", tree, coded)
    shutil.copy(tree / "a.png", tree / "b c/d.png")
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    result = fovea("decode", coded, tree.parent / "." / tree.name)
    exists = "exists already: name another folder, or replace it with --overwrite"
    *lines, summary = result.stderr.splitlines()
    assert result.exit_code == 1
    assert lines == [
        f"fovea: {coded / 'a.fov'}: {tree / 'a.png'}: {exists}",
        f"fovea: {coded / 'b c/d.fov'}: {tree / 'b c/d.png'}: {exists}",
        "fovea: 2 of 3 images failed",
    ]
    assert summary.startswith("1 images: ")
    assert {path: path.read_bytes() for path in before} == before
    assert fovea("decode", coded, tree, "--format", "bmp").exit_code == 0, "nothing is replaced"
    assert fovea("decode", coded, tree, "--overwrite").exit_code == 0
    assert (tree / "a.png").read_bytes() != before[tree / "a.png"]


def test_a_file_that_is_kept_is_not_decoded(fovea, tree, monkeypatch):
    fovea("encode", tree, tree)
    monkeypatch.setattr(Codec, "decode_picture", None)
    for name in ENCODED:
        (tree / name).with_suffix(".png").touch()
    assert "3 of 3 images failed" in fovea("decode", tree, tree).stderr


def test_folders_that_cannot_be_read(fovea, tree, tmp_path, monkeypatch):
    scan = os.scandir

    def guarded(folder):
        if Path(folder).name in closed:
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", guarded)  # not chmod, which does not stop root
    closed = {"e"}
    result = fovea("encode", tree, tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"fovea: {tree / 'b c/e'}: Permission denied\n2 images: ")
    assert files_below(tmp_path / "out") == {"a.fov", "b c/d.fov"}
    closed = {tree.name}
    result = fovea("encode", tree, tmp_path / "out")
    assert (result.exit_code, result.stderr) == (1, f"fovea: {tree}: Permission denied\n")


def test_links_to_folders_are_not_followed(fovea, tree, tmp_path):
    (tree / "circle").symlink_to(tree)
    (tree / "z.png").symlink_to(tree / "a.png")
    assert fovea("encode", tree, tmp_path / "out").exit_code == 0
    assert files_below(tmp_path / "out") == ENCODED | {"z.fov"}


def test_formats_that_pillow_does_not_decode_are_passed_over(fovea, tree, tmp_path):
    for suffix in ("eps", "ps", "h5", "hdf", "grib", "bufr", "mpg", "MPEG", "wmf", "emf"):
        (tree / f"{suffix}.{suffix}").write_bytes(b"no image that Pillow decodes")
    assert fovea("encode", tree, tmp_path / "out").exit_code == 0
    assert files_below(tmp_path / "out") == ENCODED


@pytest.mark.parametrize("ignores_case", [False, True])
def test_names_that_differ_in_case_collide_where_they_are_the_same_file(
    fovea, tmp_path, photo, monkeypatch, ignores_case
):
    monkeypatch.setattr("fovea.names._IGNORES_CASE", ignores_case)
    (tmp_path / "in").mkdir()
    for name in ("A.png", "a.webp"):
        Image.open(photo).save(tmp_path / "in" / name)
    result = fovea("encode", tmp_path / "in", tmp_path / "out")
    assert result.exit_code == ignores_case
    assert ("A.png and " in result.stderr and "a.webp would both become " in result.stderr) == ignores_case


def test_collision_is_refused_before_anything_is_written(fovea, tree, tmp_path):
    shutil.copy(tree / "a.png", tree / "a.bmp")
    result = fovea("encode", tree, tmp_path / "out")
    assert result.exit_code == 1
    first, second, target = tree / "a.bmp", tree / "a.png", tmp_path / "out/a.fov"
    assert result.stderr.startswith(f"fovea: {first} and {second} would both become {target}: ")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_without_images_is_an_error(fovea, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/notes.txt").write_text("")
    result = fovea("encode", tmp_path / "in", tmp_path / "out")
    message = f"fovea: {tmp_path / 'in'}: nothing to convert in this folder; 1 file was skipped: 1 .txt\n"
    assert (result.exit_code, result.stderr) == (1, message)


def test_a_folder_needs_a_folder_as_target(fovea, tree, photo):
    assert fovea("encode", tree, photo).exit_code == 2
    assert fovea("encode", tree, "-").exit_code == 2
    assert fovea("encode", "-", tree, stdin=photo.read_bytes()).exit_code == 2


def test_target_bpp_holds_for_each_image(fovea, tree, tmp_path):
    fovea("encode", tree, tmp_path / "low", "-q", 0)
    fovea("encode", tree, tmp_path / "high", "-q", 100)
    small, large = ((tmp_path / name / "a.fov").stat().st_size for name in ("low", "high"))
    limit = 2 * small if 2 * small < large else (small + large) // 2
    assert fovea("encode", tree, tmp_path / "out", "--target-bpp", 8 * limit / (96 * 64)).exit_code == 0
    assert all(path.stat().st_size <= limit for path in (tmp_path / "out").rglob("*.fov"))


def test_share_never_exceeds_the_cores():
    for jobs in range(1, 20):
        for tasks in range(1, 20):
            at_once, threads = batch.share(jobs, tasks)
            assert 1 <= at_once <= tasks
            assert jobs - at_once < at_once * threads <= jobs


def test_few_files_are_open_at_the_same_time(tmp_path):
    opened, most = [0], [0]
    lock = threading.Lock()

    def convert(_path, source, target):
        with lock:
            opened[0] += 1
            most[0] = max(most[0], opened[0])
        target.write(source.read())
        with lock:
            opened[0] -= 1
        return batch.Tally(1, 1, 1)

    (tmp_path / "in").write_bytes(b"x")
    tasks = [Task(tmp_path / "in", tmp_path / f"{number}.out") for number in range(100)]
    assert batch.convert_all(Plan(tasks, []), convert, at_once=3, quiet=True)
    assert most[0] <= 3
    assert len(list(tmp_path.glob("*.out"))) == 100


def test_interrupt_ends_the_run(fovea, tree, tmp_path, monkeypatch):
    def interrupted(*_arguments, **_named):
        raise KeyboardInterrupt

    monkeypatch.setattr(Codec, "encode", interrupted)
    for jobs in (1, 2):
        result = fovea("encode", tree, tmp_path / "out", "-j", jobs)
        assert (result.exit_code, result.stderr.strip()) == (130, "fovea: interrupted")
        assert files_below(tmp_path / "out") == set()


def test_names_that_are_not_valid_text(fovea, photo, tmp_path):
    folder = os.fsencode(tmp_path / "in")
    os.mkdir(folder)  # noqa: PTH102
    Path(os.fsdecode(folder + b"/\xff good.jpg")).write_bytes(photo.read_bytes())
    Path(os.fsdecode(folder + b"/\xff bad.jpg")).write_bytes(b"no image")
    result = fovea("encode", tmp_path / "in", tmp_path / "out")
    assert result.exit_code == 1
    expected = f"fovea: {tmp_path}/in/\\udcff bad.jpg: no image of a format that Pillow decodes"
    assert result.stderr.splitlines()[0] == expected
    [target] = (tmp_path / "out").iterdir()
    assert os.fsencode(target.name) == b"\xff good.fov"
    assert fovea("info", target).exit_code == 0
