"""Jobs between folders: what is encoded, what is recorded, and how a job goes on."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from .conftest import draw
from .jobs import NAMES, rows_of

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")
import pyarrow as pa
import pyarrow.parquet as pq

from fovea.codec import Codec
from fovea.jobs import Place, Row, Transfer, prepare, record_rows, transfer_here
from fovea.settings import Settings


@pytest.fixture
def job(fovea, photos, tmp_path, tiny):
    """Runs the job of these tests with further options."""
    return lambda *options: fovea(
        "encode", photos, tmp_path / "out", "--manifest", tmp_path / "m.parquet", "-m", tiny, *options
    )


@pytest.fixture
def encoded(monkeypatch):
    """Counts how often each size of a picture is encoded; pictures of these tests have the same."""
    calls = []
    encode = Codec.encode
    monkeypatch.setattr(Codec, "encode", lambda *given, **options: calls.append(1) or encode(*given, **options))
    return calls


def _written(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("cores", [1, 2])
def test_rows_tell_of_each_file(job, photos, tmp_path, tiny, cores):
    result = job("-q", 30, "-j", cores)
    assert (result.exit_code, result.stdout) == (0, "")
    assert _written(tmp_path / "out") == NAMES
    rows = {row["path"]: row for row in rows_of(tmp_path / "m.parquet")}
    assert {Path(path).with_suffix(".fov").as_posix() for path in rows} == NAMES
    row = rows["street/2.png"]
    data = (tmp_path / "out/street/2.fov").read_bytes()
    with Image.open(photos / "street/2.png") as image:
        assert data == Codec(tiny).encode(image, 30)
    assert (row["width"], row["height"], row["bytes"], row["quality"]) == (48, 32, len(data), 30)
    assert row["bpp"] == pytest.approx(8 * len(data) / (48 * 32))
    assert row["source_bytes"] == (photos / "street/2.png").stat().st_size
    assert row["model_id"] == Codec(tiny).model.id.hex()


def test_targets_of_bits_are_kept(job, tmp_path):
    assert job("--target-size", 700).exit_code == 0
    rows = rows_of(tmp_path / "m.parquet")
    assert all(row["bytes"] <= 700 and row["quality"] is None for row in rows)


def test_nothing_is_done_twice(job, tmp_path, encoded):
    assert job().exit_code == 0
    times = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in NAMES}
    assert len(encoded) == 5
    second = job()
    assert (second.exit_code, second.stderr) == (0, "5 done before; 1 file was skipped: 1 .txt\n")
    assert len(encoded) == 5
    assert {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in NAMES} == times


def test_what_changes_is_done_again_and_has_one_row(job, photos, tmp_path, encoded):
    assert job().exit_code == 0
    draw(photos / "street/0.png", seed=9)  # another content,
    (tmp_path / "out/street/1.fov").unlink()  # a file that is lost,
    (tmp_path / "out/street/2.fov").write_bytes(b"")  # and one that is damaged
    draw(photos / "new.png")
    assert job().exit_code == 0
    assert len(encoded) == 5 + 4
    counts = Counter(row["path"] for row in rows_of(tmp_path / "m.parquet"))
    assert len(counts) == 6 and set(counts.values()) == {1}


def test_a_bad_file_is_a_row_and_is_tried_again(job, photos, tmp_path):
    (photos / "street/1a.jpg").write_bytes(b"no image")
    for _ in range(2):
        result = job()
        assert result.exit_code == 1
        assert "fovea: street/1a.jpg: no image of a format that Pillow decodes\n" in result.stderr
        rows = rows_of(tmp_path / "m.parquet")
        (bad,) = [row for row in rows if row["error"]]
        assert (bad["path"], bad["bytes"], bad["sha256"]) == ("street/1a.jpg", None, None)
        assert len(rows) == 6
    draw(photos / "street/1a.jpg")
    assert job().exit_code == 0
    assert not any(row["error"] for row in rows_of(tmp_path / "m.parquet"))


def test_many_bad_files_are_not_all_named(job, photos, tmp_path):
    for number in range(25):
        (photos / f"{number}.jpg").write_bytes(b"")
    result = job()
    assert result.exit_code == 1
    assert result.stderr.count(".jpg: no image") == 20
    assert "25 images failed, 5 of them not named here: see the column error of" in result.stderr


def test_other_settings_are_refused_before_any_work(job, tmp_path, encoded):
    assert job("-q", 30).exit_code == 0
    result = job("-q", 40)
    assert result.exit_code == 1
    assert "the manifest was written with quality 30, and quality is 40 now" in result.stderr
    assert len(encoded) == 5
    assert job("-q", 40, "--overwrite").exit_code == 0
    assert len(encoded) == 10
    assert {row["quality"] for row in rows_of(tmp_path / "m.parquet")} == {40}
    assert len(rows_of(tmp_path / "m.parquet")) == 5


@pytest.mark.parametrize("wrong", [("--background", 5), ("--encoder", "none"), ("--precision", "int3")])
def test_wrong_options_are_refused_before_anything_changes(job, tmp_path, wrong):
    assert job(*wrong).exit_code == 1
    assert not (tmp_path / "m.parquet").exists()
    assert job().exit_code == 0  # is not refused as a job with other settings
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert job("--overwrite", *wrong).exit_code == 1
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_job_that_is_ready_has_changed_nothing(photos, tmp_path, tiny):
    prepare(str(photos), str(tmp_path / "out"), Settings(str(tiny)), str(tmp_path / "m.parquet"))
    assert not (tmp_path / "m.parquet").exists()


def test_the_model_is_found_by_a_worker_in_another_folder(photos, tmp_path, tiny, monkeypatch):
    monkeypatch.chdir(tiny.parent)
    assert prepare(str(photos), str(tmp_path / "out"), Settings(tiny.name)).settings == Settings(str(tiny))


def test_encoded_files_are_found_in_another_case_where_it_is_ignored(job, tmp_path, monkeypatch):
    monkeypatch.setattr("fovea.names._IGNORES_CASE", True)
    assert job().exit_code == 0
    (tmp_path / "out/a b ü.fov").rename(tmp_path / "out/A b U\N{COMBINING DIAERESIS}.fov")
    assert job().stderr.startswith("5 done before; ")


def test_files_of_others_are_not_replaced(job, tmp_path):
    (tmp_path / "out/street").mkdir(parents=True)
    (tmp_path / "out/street/0.fov").write_bytes(b"precious")
    result = job()
    assert result.exit_code == 1 and "there are .fov files, but there is no manifest at" in result.stderr
    assert (tmp_path / "out/street/0.fov").read_bytes() == b"precious"
    assert job("--overwrite").exit_code == 0
    assert (tmp_path / "out/street/0.fov").read_bytes() != b"precious"


def test_files_of_others_are_not_replaced_by_new_images(job, photos, tmp_path):
    assert job().exit_code == 0
    other = tmp_path / "out/new.fov"
    other.write_bytes(b"precious")
    draw(photos / "new.png")
    draw(photos / "newer.png")
    for _ in range(2):
        result = job()
        assert result.exit_code == 1
        assert "new.png: its .fov file was there before, and was not made from this image: move" in result.stderr
        assert other.read_bytes() == b"precious"
    assert (tmp_path / "out/newer.fov").exists()
    other.unlink()
    assert job().exit_code == 0
    assert other.exists() and not any(row["error"] for row in rows_of(tmp_path / "m.parquet"))


def test_an_image_of_another_format_takes_the_place_of_one(job, photos, tmp_path):
    draw(photos / "one.png")
    assert job().exit_code == 0
    (photos / "one.png").unlink()
    draw(photos / "one.bmp")
    before = (tmp_path / "out/one.fov").stat().st_mtime_ns
    assert job().exit_code == 0
    assert (tmp_path / "out/one.fov").stat().st_mtime_ns > before


@pytest.mark.parametrize("lost", ["row", "part"])
def test_files_whose_rows_are_missing_are_written_again(job, photos, tmp_path, tiny, lost):
    assert job().exit_code == 0
    if lost == "row":  # of a second run that was killed
        draw(photos / "new.png")
        second = prepare(str(photos), str(tmp_path / "out"), Settings(str(tiny)), str(tmp_path / "m.parquet"))
        assert [file.path for file in second.files()] == ["new.png"]
        (tmp_path / "out/new.fov").write_bytes(b"of the second run")
    else:
        next((tmp_path / "m.parquet").glob("part-*")).unlink()
    assert job().exit_code == 0
    assert len(rows_of(tmp_path / "m.parquet")) == 5 + (lost == "row")


def test_in_place_with_the_manifest_beside_the_images(fovea, photos, tiny):
    for before in ("5 images: ", "5 done before"):
        result = fovea("encode", photos, f"file://{photos}", "-m", tiny)
        assert result.exit_code == 0 and result.stderr.startswith(before)
    assert len(rows_of(photos / "manifest.parquet")) == 5


def test_a_manifest_that_cannot_be_written_is_refused_before_any_work(fovea, photos, tmp_path, tiny, encoded):
    (tmp_path / "file").write_text("")
    result = fovea("encode", photos, tmp_path / "out", "--manifest", tmp_path / "file/m.parquet", "-m", tiny)
    assert result.exit_code == 1 and "Not a directory" in result.stderr
    result = fovea("encode", photos, tmp_path / "out", "--manifest", tmp_path / "file", "-m", tiny)
    assert result.exit_code == 1 and "is a file, and a manifest is a folder of parts" in result.stderr
    assert not encoded and not (tmp_path / "out").exists()


def test_a_target_that_cannot_be_written_is_an_error_of_each_image(job, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/street").write_text("no folder")
    result = job()
    assert result.exit_code == 1
    errors = {row["path"]: row["error"] for row in rows_of(tmp_path / "m.parquet")}
    assert errors.pop("a b ü.jpg") is None
    assert len(errors) == 4 and all("cannot be written: " in error for error in errors.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-", "{tmp}/out", "--manifest", "m.parquet"], "- is a pipe"),
        (["{photos}", "{tmp}/out", "--manifest", "m.parquet", "--roi", "{photos}"], "a job takes no --roi"),
        (["{tmp}/none", "file://{tmp}/out"], "there is no such folder or prefix"),
        (["{photos}", "nope://bucket"], "the store cannot be opened: Protocol not known: nope"),
        (["{photos}/street", "file://{photos}", "-m", "none"], "none"),
        (["{tmp}/empty", "file://{tmp}/out"], "nothing to convert in this place"),
    ],
)
def test_what_cannot_be_a_job_is_refused(fovea, photos, tmp_path, arguments, message):
    (tmp_path / "empty").mkdir()
    result = fovea("encode", *(argument.format(tmp=tmp_path, photos=photos) for argument in arguments))
    assert result.exit_code != 0 and message in result.stderr
    assert result.stderr.count("\n") == 1


def test_manifests_of_others_and_damaged_ones(job, tmp_path):
    (tmp_path / "m.parquet").mkdir()
    pq.write_table(pa.table({name: [] for name in ("path", "source_bytes")}), tmp_path / "m.parquet/x.parquet")
    result = job()
    assert result.exit_code == 1 and "is no manifest of an encoding: name another" in result.stderr
    result = job("--overwrite")  # does not remove it
    assert result.exit_code == 1 and "is no manifest of an encoding: name another" in result.stderr
    (tmp_path / "m.parquet/x.parquet").write_bytes(b"PAR1 damaged")
    result = job()
    assert result.exit_code == 1 and "m.parquet/x.parquet: is no part of a manifest" in result.stderr


def test_links_and_hidden_files(job, photos, tmp_path):
    draw(photos / ".hidden.png")
    draw(tmp_path / "elsewhere/linked.png")
    (photos / "link.png").symlink_to(tmp_path / "elsewhere/linked.png")
    (photos / "folder").symlink_to(tmp_path / "elsewhere")
    (photos / "circle.png").symlink_to(photos)
    (photos / "z.png").symlink_to("nowhere")
    os.mkfifo(photos / "pipe.png")
    result = job()
    assert result.exit_code == 1
    assert result.stderr.startswith(f"fovea: {photos}/z.png: cannot be read: No such file or directory\n")
    assert _written(tmp_path / "out") == NAMES | {"link.fov"}


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes as names")
def test_names_that_are_not_utf8_are_told_and_the_others_are_done(job, photos, tmp_path):
    for name in (b"\xff.png", b"\xfe.txt", b"\xff/a.png"):
        draw(photos / "street/x.png")
        path = photos / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        (photos / "street/x.png").rename(path)
    result = job()
    assert result.exit_code == 1
    reason = "has a name that is not UTF-8, so no manifest can hold it: rename it"
    told = [rf"fovea: {photos}/{name}: {reason}" for name in (r"\udcff", r"\udcff.png")]
    assert [line for line in result.stderr.splitlines() if reason in line] == told
    assert _written(tmp_path / "out") == NAMES


def test_a_folder_that_cannot_be_read_is_told_and_the_others_are_done(job, tmp_path, monkeypatch):
    entries = Place.entries

    def broken(place, folder=""):
        if folder == "street" and place.address.endswith("photos"):
            place.read("street")  # a folder is no file
        return entries(place, folder)

    monkeypatch.setattr(Place, "entries", broken)
    result = job()
    assert result.exit_code == 1 and "photos/street: cannot be read: Is a directory" in result.stderr
    assert _written(tmp_path / "out") == {"a b ü.fov"}


def test_parts_have_a_limited_number_of_rows(job, tmp_path, monkeypatch):
    monkeypatch.setattr("fovea.jobs.job.BLOCK", 2)
    assert job().exit_code == 0
    sizes = sorted(pq.read_metadata(part).num_rows for part in (tmp_path / "m.parquet").iterdir())
    assert sizes == [0, 1, 2, 2]


def test_files_that_are_too_large_are_not_read(job, tmp_path, monkeypatch):
    monkeypatch.setattr("fovea.jobs.transfer._LARGEST", 100)
    assert job().exit_code == 1
    assert all("is too large" in row["error"] for row in rows_of(tmp_path / "m.parquet"))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "not enough memory"),
        (KeyError("x"), "KeyError: 'x'"),
        (ValueError("\udcff.png"), r"ValueError: \udcff.png"),  # a byte that is not UTF-8, in the name of a file
    ],
)
def test_unexpected_errors_are_rows(job, tmp_path, monkeypatch, error, reason):
    def fail(*_given, **_options):
        raise error

    monkeypatch.setattr(Codec, "encode", fail)
    assert job().exit_code == 1
    assert {row["error"] for row in rows_of(tmp_path / "m.parquet")} == {reason}


def test_another_model_under_the_name_is_refused(photos, tmp_path, tiny):
    ready = prepare(str(photos), str(tmp_path / "out"), Settings(str(tiny)))
    from fovea.errors import ModelError

    with pytest.raises(ModelError, match="on this machine, and the job needs 00"):
        Transfer(ready.source, ready.target, ready.settings, "00", cores=1)


def test_rows_that_are_here_are_recorded_when_a_job_is_interrupted(photos, tmp_path, tiny):
    ready = prepare(str(photos), str(tmp_path / "out"), Settings(str(tiny)))
    transfer = Transfer(ready.source, ready.target, ready.settings, ready.model_id, cores=1)
    seen: list[Row] = []

    def stop(row: Row) -> None:
        seen.append(row)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record_rows(ready, transfer_here(transfer, ready.files()), stop)
    again = prepare(str(photos), str(tmp_path / "out"), Settings(str(tiny)))
    assert {file.path for file in again.files()} == set(_paths(photos)) - {row.path for row in seen}
    assert again.done_before == 3


def test_an_interruption_while_a_part_is_written_makes_no_second_one(photos, tmp_path, tiny, monkeypatch):
    ready = prepare(str(photos), str(tmp_path / "out"), Settings(str(tiny)))
    transfer = Transfer(ready.source, ready.target, ready.settings, ready.model_id, cores=1)
    write, stops = Place.write, [KeyboardInterrupt]

    def interrupted(place, name, content):
        write(place, name, content)
        if name.startswith("part-") and stops:
            raise stops.pop()

    monkeypatch.setattr("fovea.jobs.job.BLOCK", 2)
    monkeypatch.setattr(Place, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        record_rows(ready, transfer_here(transfer, ready.files()))
    assert len(rows_of(tmp_path / "out/manifest.parquet")) == 2


def _paths(photos: Path) -> list[str]:
    return [path.relative_to(photos).as_posix() for path in photos.rglob("*.*") if path.suffix in (".png", ".jpg")]


_SLOW = """
import sys, time
from fovea.codec import Codec
encode = Codec.encode
Codec.encode = lambda *given, **options: time.sleep(0.3) or encode(*given, **options)
from fovea.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_job_that_is_ended_goes_on(fovea, photos, tmp_path, tiny, number):
    for more in range(12):
        draw(photos / "more" / f"{more}.png", more)
    command = ["encode", str(photos), str(tmp_path / "out"), "--manifest", str(tmp_path / "m"), "-m", str(tiny), "-j1"]
    running = subprocess.Popen([sys.executable, "-c", _SLOW, *command], stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 30
    while len(list((tmp_path / "out").rglob("*.fov"))) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    running.send_signal(number)
    message = running.communicate(timeout=30)[1]
    assert running.returncode == (130 if number == signal.SIGINT else -number)
    early = _written(tmp_path / "out")
    assert 2 <= len(early) < 17 and not any(name.endswith(".part") for name in early)
    if number == signal.SIGINT:
        assert "the same command goes on" in message and message.count("\n") == 1
        assert rows_of(tmp_path / "m")
    assert fovea(*command).exit_code == 0
    counts = Counter(row["path"] for row in rows_of(tmp_path / "m"))
    assert len(counts) == 17 and set(counts.values()) == {1}
