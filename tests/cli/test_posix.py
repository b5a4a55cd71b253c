"""Signals, full disks, broken pipes and terminals of POSIX systems."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from fovea.cli.files import writing
from fovea.errors import FoveaError

resource = pytest.importorskip("resource", reason="needs a POSIX system")
termios = pytest.importorskip("termios", reason="needs a POSIX system")

COMMAND = [sys.executable, "-m", "fovea"]


def test_interrupt(tmp_path):
    os.mkfifo(tmp_path / "in")
    process = subprocess.Popen([*COMMAND, "encode", tmp_path / "in", tmp_path / "out.fov"], stderr=subprocess.PIPE)
    with (tmp_path / "in").open("wb"):  # waits until the command opens the pipe, which then waits for bytes
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.strip() == b"fovea: interrupted"
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_full_disk(tmp_path):
    place = tmp_path / "x"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(FoveaError, match=f"^{place}: cannot be written: File too large"), writing(place) as file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
            Image.new("RGB", (500, 500)).save(file, "PPM")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_full_device(fovea, photo):
    result = fovea("encode", photo, "/dev/full")
    assert result.exit_code == 1
    assert result.stderr == f"fovea: {photo}: /dev/full: cannot be written: No space left on device\n"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*COMMAND, "encode", photo, "-"], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1
    assert done.stderr.decode() == f"fovea: {photo}: the output cannot be written: No space left on device\n"


def test_broken_pipe_is_silent(coded):
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen(
        [*COMMAND, "decode", "-", "-"], stdin=subprocess.PIPE, stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    _, errors = process.communicate(coded.read_bytes(), timeout=30)
    assert process.returncode == 1
    assert errors == b""


@pytest.fixture
def terminal():
    """The two ends of a terminal: the one that shows the text, and the one to which a process writes."""
    shown, written = os.openpty()
    termios.tcsetwinsize(written, (24, 80))
    yield shown, written
    os.close(shown)
    os.close(written)


def test_no_binary_data_are_written_to_a_terminal(photo, terminal):
    done = subprocess.run(
        [*COMMAND, "encode", photo, "-"], stdout=terminal[1], stderr=subprocess.PIPE, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"fovea: the standard output is a terminal")


@pytest.mark.parametrize(("option", "bar"), [((), True), (("--quiet",), False)])
def test_a_terminal_shows_a_progress_bar(photo, tmp_path, terminal, option, bar):
    shown, written = terminal
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "in" / name).write_bytes(photo.read_bytes())
    subprocess.run(
        [*COMMAND, "encode", tmp_path / "in", tmp_path / "out", *option], stderr=written, timeout=60, check=True
    )
    os.write(written, b"end")
    text = b""
    while not text.endswith(b"end"):
        text += os.read(shown, 10_000)
    assert (b"2/2" in text) == bar
