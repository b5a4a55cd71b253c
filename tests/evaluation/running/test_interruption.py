"""Ctrl-C and other signals, and what a run after them does."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from fovea.datasets import load_dataset
from fovea.engine import available_cores
from fovea.evaluation import Metric, evaluate
from fovea.evaluation.running.cache import Cache
from fovea.evaluation.running.pool import WorkerProcesses, ignore_ctrl_c

from ...evaluating import evaluating_here

# The command as it is installed.
COMMAND = (
    "from fovea.cli.app import main; from fovea.cli.eval import eval_command; main.add_command(eval_command); main()"
)
PATIENCE = 240


def test_resumes_where_it_stopped(
    tmp_path: Path, make_dataset: Callable[[int], Path], checkers: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(evaluate.__globals__, "peak_memory", lambda results, codec: 2**20)
    dataset, cache = load_dataset(make_dataset(4)), tmp_path / "cache.sqlite"
    put, puts = Cache.put, []

    def run() -> list[int]:
        puts.clear()
        found = evaluate(dataset, ["jpeg"], [str(checkers)], cache, qualities={"": [10, 50]}, processes=1)
        return [round(point.scores[Metric("checkers", "box")].ap, 6) for point in found.points]

    def interrupted(self: Cache, items: dict[str, bytes]) -> None:
        if len(puts) == 5:
            raise KeyboardInterrupt
        puts.append(items)
        put(self, items)

    monkeypatch.setattr(Cache, "put", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run()

    monkeypatch.setattr(Cache, "put", lambda self, items: (puts.append(items), put(self, items)))
    resumed = run()
    recognized = [items for items in puts if any("/seen/" in key for key in items)]
    gallery = 1
    assert 0 < len(recognized) <= 4 * 3 - 5 + gallery

    cache.unlink()
    with evaluating_here():
        assert run() == resumed


def start(data: Path, recognizer: Path, out: Path, qualities: str, codec: str = "avif:0") -> "subprocess.Popen[str]":
    named = ["--data", data, "--codecs", codec, "--recognizers", recognizer, "--qualities", qualities, "--out", out]
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, "eval", *map(str, named), "-j", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("number", "line"), [(signal.SIGINT, "fovea: interrupted"), (signal.SIGTERM, "fovea: ended by SIGTERM")]
)
def test_a_signal_to_all_processes_ends_with_one_line(
    number: signal.Signals, line: str, tmp_path: Path, make_dataset: Callable[[int], Path], checkers: Path
):
    process = start(make_dataset(8), checkers, tmp_path / "out", ",".join(map(str, range(5, 95))))
    try:
        wait_for_rows(tmp_path / "out" / "cache.sqlite", process)
        os.killpg(process.pid, number)  # a terminal, timeout or Slurm sends it to the whole group
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 128 + number
    assert said.splitlines()[-1] == line
    assert "Traceback" not in said


def test_workers_leave_ctrl_c_to_the_first_process(tmp_path: Path, make_dataset: Callable[[int], Path], checkers: Path):
    process, reached = start(make_dataset(4), checkers, tmp_path / "out", "20,60", "jpeg"), set[int]()
    try:
        end = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(psutil.Error):
                for worker in psutil.Process(process.pid).children():
                    if "spawn_main" in " ".join(worker.cmdline()):
                        worker.send_signal(signal.SIGINT)
                        reached.add(worker.pid)
            time.sleep(0.05)
        _, said = process.communicate(timeout=1)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert len(reached) == min(2, available_cores()) + 1  # those that code, and one whose memory is watched


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX system")
def test_ctrl_c_while_work_is_handed_over_is_answered_after_it(monkeypatch: pytest.MonkeyPatch):
    handed_over = []

    def hand_over(self: object, function: Callable[[], int]) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        handed_over.append(function)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", hand_over)
    with pytest.raises(KeyboardInterrupt), WorkerProcesses(1, ignore_ctrl_c) as workers:
        workers.submit(os.getpid)
    assert handed_over == [os.getpid]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX system")
def test_ctrl_c_that_another_thread_takes_late_leaves_no_signal_blocked(monkeypatch: pytest.MonkeyPatch):
    set_handler, usual = signal.signal, signal.getsignal(signal.SIGINT)

    def set_and_answer(number: int, handler: Any) -> Any:
        previous = set_handler(number, handler)
        if handler is usual:
            raise KeyboardInterrupt
        return previous

    monkeypatch.setattr(ProcessPoolExecutor, "submit", lambda self, function: None)
    monkeypatch.setattr(signal, "signal", set_and_answer)
    with pytest.raises(KeyboardInterrupt), WorkerProcesses(1, ignore_ctrl_c) as workers:
        workers.submit(os.getpid)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def wait_for_rows(path: Path, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, process.stderr.read()
        if path.exists():
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
                try:
                    if db.execute("SELECT COUNT(*) FROM found").fetchone()[0] > 3:
                        return
                except sqlite3.OperationalError:  # the table is not there yet
                    continue
        time.sleep(0.05)
    raise AssertionError("nothing was written")
