"""Signals that end the command, which runs as a separate process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("resource", reason="needs a POSIX system")
COMMAND = [sys.executable, "-m", "fovea"]


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two images that take several seconds each."""
    folder = tmp_path_factory.mktemp("slow")
    Image.fromarray(np.zeros((4000, 4000, 3), np.uint8)).save(folder / "a.bmp")
    os.link(folder / "a.bmp", folder / "b.bmp")
    return folder


def start(*command: object, out: Path) -> "subprocess.Popen[str]":
    """Start a command, and wait until it writes a file."""
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not (out.exists() and any(out.iterdir())):
        assert process.poll() is None and time.monotonic() < end, process.stderr.read()
        time.sleep(0.01)
    return process


@pytest.mark.parametrize(("number", "jobs"), [(signal.SIGTERM, 1), (signal.SIGTERM, 2), (signal.SIGHUP, 2)])
def test_no_unfinished_file_stays(slow, tmp_path, number, jobs):
    out = tmp_path / "out"
    process = start(*COMMAND, "encode", slow, out, "-j", jobs, out=out)
    process.send_signal(number)
    process.send_signal(number)  # as timeout(1) does
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert errors == f"fovea: ended by {signal.Signals(number).name}: 0 of 2 images are done\n"
    assert list(out.iterdir()) == []


def test_an_ignored_signal_stays_ignored(slow, tmp_path):
    ignore = "import signal, os, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    out = tmp_path / "out"
    process = start(sys.executable, "-c", ignore, *COMMAND, "encode", slow / "a.bmp", out / "a.fov", out=out)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM


def test_the_first_signal_is_raised_and_handlers_are_restored():
    code = (
        "import os, signal\n"
        "from fovea.cli import interruption\n"
        "interruption._REPEAT_S = 60\n"
        "before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)\n"
        "try:\n"
        "    with interruption.raised():\n"
        "        try:\n"
        "            os.kill(os.getpid(), signal.SIGTERM)\n"
        "        finally:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "            print('the cleanup goes on', flush=True)\n"
        "except interruption.Interruption as stop:\n"
        "    print(stop.code, stop)\n"
        "assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "the cleanup goes on\n143 ended by SIGTERM\n", "")


def test_a_later_signal_ends_the_process_immediately():
    code = (
        "import os, signal, time\n"
        "from pathlib import Path\n"
        "from fovea import atomic\n"
        "from fovea.cli import interruption\n"
        "interruption._REPEAT_S = 0\n"
        "with interruption.raised(), atomic.writing(Path('x')):\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "    finally:\n"
        "        time.sleep(0.01)\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        print('the cleanup goes on', flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (143, b"", b"")
