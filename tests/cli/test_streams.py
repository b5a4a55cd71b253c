"""Standard streams of any encoding, which may be closed or full, and names of any characters."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from fovea.cli import files, streams
from fovea.cli.streams import one_line, printable
from fovea.errors import FoveaError

COMMAND = [sys.executable, "-m", "fovea"]


def shell(line: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of the shell in which ``fovea`` stands for the command."""
    line = line.replace("fovea", f"{sys.executable} -m fovea")
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, env=os.environ | variables, capture_output=True, timeout=60, check=False
    )


def test_names_and_messages_are_made_printable():
    assert printable("a\nb\t\x1b[31m \udcff\u2028.png") == r"a\nb\t\x1b[31m \udcff\u2028.png"
    assert printable("  写真\u3000é\u00a0.png") == "  写真\u3000é\u00a0.png"
    assert one_line(" no:\r\n   because \x07") == r"no: because \x07"


def test_names_in_any_encoding(coded, tmp_path):
    name = tmp_path / "写真.fov"
    name.write_bytes(coded.read_bytes())
    arguments = ["info", name, tmp_path / "нет.fov", coded]
    done = subprocess.run(
        [*COMMAND, *arguments], env=os.environ | {"PYTHONIOENCODING": "cp1252:strict"}, capture_output=True, timeout=60
    )
    assert done.returncode == 1
    lines = done.stdout.decode("cp1252").splitlines()
    assert [line for line in lines if line[0] != " "] == [rf"{tmp_path}/\u5199\u771f.fov", str(coded)]
    assert done.stderr.decode("cp1252") == rf"fovea: {tmp_path}/\u043d\u0435\u0442.fov: No such file or directory" "\n"


def test_names_in_messages_and_json(fovea, photo, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "new\nline.jpg").write_bytes(photo.read_bytes())
    (folder / "two  spaces\n.jpg").write_bytes(b"no image")
    result = fovea("encode", folder, tmp_path / "out")
    first, *_ = result.stderr.splitlines()
    assert first == rf"fovea: {folder}/two  spaces\n.jpg: no image of a format that Pillow decodes"
    target = tmp_path / "out" / "new\nline.fov"
    assert fovea("info", target).stdout.splitlines()[0] == rf"{tmp_path}/out/new\nline.fov"
    assert rf"{tmp_path}/out/new\nline.fov" in fovea("info", target, "--json").stdout


def test_closed_streams_are_reported(coded, tmp_path):
    done = shell("fovea decode - x.png <&-; fovea decode photo.fov - --quiet >&-; fovea info photo.fov >&-", tmp_path)
    assert done.stderr.decode().splitlines() == [
        "fovea: the standard input is closed: name a file",
        "fovea: the standard output is closed: name a file",
        "fovea: the output cannot be written: the standard output is closed",
    ]
    assert done.returncode == 1


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs a POSIX system")
def test_another_name_of_the_output(coded, tmp_path):
    (tmp_path / "log").write_bytes(b"kept")
    done = shell("fovea decode photo.fov /dev/stdout --quiet >> log", tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    png = shell("fovea decode photo.fov - --quiet", tmp_path).stdout
    assert (tmp_path / "log").read_bytes() == b"kept" + png


def test_all_streams_closed(coded, tmp_path):
    done = shell("fovea decode photo.fov x.png <&- >&- 2>&- && fovea decode no.fov y.png <&- >&- 2>&-", tmp_path)
    assert done.returncode == 1
    assert Image.open(tmp_path / "x.png").size == (96, 64), "no message was written into the file"
    assert not (tmp_path / "y.png").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_results_and_messages_to_a_full_device(coded, tmp_path):
    done = shell("fovea info photo.fov > /dev/full", tmp_path)
    assert (done.returncode, done.stderr) == (1, b"fovea: the output cannot be written: No space left on device\n")
    done = shell("fovea decode photo.fov x.png 2> /dev/full", tmp_path)
    assert done.returncode == 0 and (tmp_path / "x.png").exists()


def test_reading_a_closed_input_fails(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(FoveaError, match="the standard input is closed"), files.reading(files.PIPE):
        pass


def test_notes_to_a_closed_output_are_lost(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    streams.print_note("out.json")
    with pytest.raises(FoveaError, match="the standard output is closed"):
        streams.print_result("{}")


def test_streams_of_a_strict_encoding_get_escapes(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", errors="strict"))
    streams.prepare()
    print("日", end="", flush=True)
    assert written.getvalue() == rb"\u65e5"
