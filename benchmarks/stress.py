"""Run many processes and threads that code, fork and are killed: ``python benchmarks/stress.py``.

A run passes if no process hangs or crashes, no file is incomplete, and no byte is wrong. ``README.md`` explains the
columns.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
from numpy.random import default_rng  # imported early, because a fork during an import leaves its lock closed

from fovea import Codec
from fovea.atomic import writing
from fovea.engine import engine_names
from images import RESULTS
from tables import Row, markdown, write_csv

SIZES = ((16, 16), (70, 90), (130, 64), (1, 200))
"""Height and width of the pictures, which are small so that many are coded."""
LIFE = (1.0, 12.0)
"""Shortest and longest time in seconds after which a process gets a signal."""
READY = "ready"
"""Line that a worker prints when it begins."""
PATIENCE = 60
"""Time in seconds after which a process counts as hanging."""


def picture(number: int) -> np.ndarray:
    """Return the picture of a number, uint8 [H, W, 3]. It is the same in every process."""
    return default_rng(number).integers(0, 256, (*SIZES[number], 3), dtype=np.uint8)


class Worker:
    """The work of one process, whose threads code and fork until the process is asked to end.

    Args:
        folder: folder of the model and of the expected results, ``N.fov`` and ``N.npy`` for each picture.
        out: folder to write files to.
        engine: name of an inference engine.

    Attributes:
        done: number of calls of each method.
        wrong: descriptions of the errors.
    """

    def __init__(self, folder: Path, out: Path, engine: str) -> None:
        self.out, self.end = out, threading.Event()
        self.codec = Codec(folder / "model.fovea", engine, threads=2)
        self.files = [(folder / f"{number}.fov").read_bytes() for number in range(len(SIZES))]
        self.pixels = [np.load(folder / f"{number}.npy") for number in range(len(SIZES))]
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []

    def encode(self, number: int) -> None:
        """Encode a picture, compare the bytes with the expected ones, and write the file."""
        data = self.codec.encode(picture(number))
        if data != self.files[number]:
            raise AssertionError("the encoder returned other bytes than expected")
        with writing(self.out / f"{number}-{random.randrange(20)}.fov") as file:
            file.write(data)

    def decode(self, number: int) -> None:
        """Decode a file and compare the pixels with the expected ones."""
        # Another engine or number of threads may round a pixel differently, but the same settings must not.
        if not np.array_equal(self.codec.decode(self.files[number]), self.pixels[number]):
            raise AssertionError("the decoder returned other pixels than expected")

    def fork(self, number: int) -> None:
        """Fork a child that codes and then ends like a program."""
        child = os.fork()
        if child == 0:
            try:
                self.encode(number)
                self.decode(number)
            except BaseException:
                os._exit(3)
            finish_child()
        deadline = time.monotonic() + PATIENCE
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise AssertionError("a forked child hung")
            time.sleep(0.01)
        if code := os.waitstatus_to_exitcode(ended[1]):
            raise AssertionError(f"a forked child ended with code {code}")

    def work(self, seed: int) -> None:
        """Encode, decode and fork in random order until the process is asked to end."""
        choice = random.Random(seed)
        actions: list[tuple[Callable[[int], None], int]] = [(self.encode, 10), (self.decode, 10), (self.fork, 1)]
        while not self.end.is_set():
            (action,) = choice.choices([action for action, _ in actions], [weight for _, weight in actions])
            try:
                action(choice.randrange(len(SIZES)))
            except Exception as error:
                self.wrong.append(f"{type(error).__name__}: {error}")
                self.end.set()
            self.done[action.__name__] += 1


def finish_child() -> None:
    """End a forked child as the interpreter ends a program, whichever thread forked it."""
    import ctypes

    ctypes.CDLL(None).exit(0)


def work(folder: Path, out: Path, engine: str, threads: int, seed: int) -> None:
    """Run a worker process. It prints its counts and errors, and its exit code is 1 if there was an error."""
    worker = Worker(folder, out, engine)
    signal.signal(signal.SIGTERM, lambda *_: worker.end.set())
    worker.fork(0)  # so that late imports are over before threads start
    print(READY, flush=True)
    running = [threading.Thread(target=worker.work, args=(1000 * seed + number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        while thread.is_alive():
            thread.join(0.1)
    print(*(f"{name} {count}" for name, count in worker.done.items()), *worker.wrong, sep="\n")
    sys.exit(bool(worker.wrong))


class Supervisor:
    """A supervisor of processes, which starts them one after the other and ends each at a random time.

    Args:
        folder: folder of the model and of the expected results.
        engine: name of an inference engine.
        threads: number of threads of each process.
        until: time to stop, on the monotonic clock.

    Attributes:
        done: number of events of each kind.
        wrong: descriptions of the errors.
    """

    def __init__(self, folder: Path, engine: str, threads: int, until: float) -> None:
        self.folder, self.engine, self.threads, self.until = folder, engine, threads, until
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []

    def program(self, seed: int) -> None:
        """Run programs that use the library in threads."""
        choice, out = random.Random(seed), self._place(seed)
        while time.monotonic() < self.until:
            arguments = [self.folder, out, self.engine, self.threads, choice.randrange(10**6)]
            call = [sys.executable, __file__, "--work", *map(str, arguments)]
            for line in self._run(call, out, choice, signal.SIGTERM).splitlines():
                name, _, count = line.partition(" ")
                if count.isdigit():
                    self.done[name] += int(count)
                elif line and line != READY:
                    self.wrong.append(line)

    def command(self, seed: int) -> None:
        """Run the command, which encodes a folder, again and again."""
        choice, out = random.Random(seed), self._place(seed)
        options = ["-j", str(self.threads), "--engine", self.engine, "--model", str(self.folder / "model.fovea")]
        call = [sys.executable, "-m", "fovea", "encode", str(self.folder / "in"), str(out), "--quiet", *options]
        while time.monotonic() < self.until:
            self._run(call, out, choice, choice.choice([signal.SIGTERM, signal.SIGHUP, signal.SIGINT]))

    def _place(self, seed: int) -> Path:
        out = self.folder / f"out-{seed}"
        out.mkdir()
        return out

    def _run(self, call: list[str], out: Path, choice: random.Random, gentle: signal.Signals) -> str:
        """Run a process until it ends by itself or by a signal, and return its output."""
        process = subprocess.Popen(
            call, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        asked: signal.Signals | None = None
        try:
            process.wait(min(choice.uniform(*LIFE), max(0.1, self.until - time.monotonic())))
        except subprocess.TimeoutExpired:
            asked = choice.choice([gentle, gentle, signal.SIGKILL])
            if asked == signal.SIGKILL:
                os.killpg(process.pid, asked)  # with its forked children
            else:
                process.send_signal(asked)
            self.done["killed" if asked == signal.SIGKILL else "asked to end"] += 1
        try:
            printed, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            self.wrong.append(f"a process hung, {asked}")
            return ""
        # A signal ends a process that has not begun yet. The command ends with 128 plus the number of the signal.
        fine = {0} if asked is None else {0, -asked} if READY not in printed else {0}
        if asked == signal.SIGKILL or "encode" in call:
            fine |= set() if asked is None else {-asked, 128 + asked}
        if process.returncode not in fine:
            self.wrong.append(f"a process ended with code {process.returncode}, {asked}: {printed}")
        for part in out.glob(".*.part"):
            part.unlink()
            if asked == signal.SIGKILL:
                self.done["left by kills"] += 1
            else:
                self.wrong.append(f"a process left a partial file, {asked}")
        return printed if asked != signal.SIGKILL and "encode" not in call else ""


def prepare(folder: Path, model: str, engine: str) -> None:
    """Make the pictures and the expected results."""
    from PIL import Image

    from fovea.store import load_model, save_model

    (folder / "in").mkdir()
    save_model(load_model(model), folder / "model.fovea")
    codec = Codec(folder / "model.fovea", engine, threads=2)
    for number in range(len(SIZES)):
        data = codec.encode(picture(number))
        (folder / f"{number}.fov").write_bytes(data)
        np.save(folder / f"{number}.npy", codec.decode(data))
        for copy in range(20):
            Image.fromarray(picture(number)).save(folder / "in" / f"{number}-{copy}.png")


def check(folder: Path) -> tuple[int, list[str]]:
    """Return the number of files that were written, and a description of each wrong one.

    Hidden partial files are left out: they come from processes that hung, which are counted already.
    """
    files = [file for out in folder.glob("out-*") for file in out.iterdir() if not file.name.startswith(".")]
    wrong = [
        f"{file.name} is incomplete or wrong"
        for file in files
        if file.read_bytes() != (folder / f"{file.name.partition('-')[0]}.fov").read_bytes()
    ]
    return len(files), wrong


@click.command()
@click.option("--work", "job", nargs=5, hidden=True)
@click.option("--seconds", type=click.IntRange(min=1), default=300, show_default=True, help="Duration in seconds.")
@click.option(
    "--processes", type=click.IntRange(min=2), default=8, show_default=True, help="Number of processes at a time."
)
@click.option(
    "--threads", type=click.IntRange(min=1), default=8, show_default=True, help="Number of threads of each process."
)
@click.option("--model", default="fovea-s", show_default=True, help="Name of an installed model.")
@click.option(
    "--engine", type=click.Choice(engine_names()), default="onnxruntime", show_default=True, help="Inference engine."
)
@click.option("--seed", default=0, show_default=True, help="Seed of the random choices.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, help="Folder for the table.")
@click.pass_context
def main(
    context: click.Context,
    job: tuple[str, str, str, str, str] | None,
    seconds: int,
    processes: int,
    threads: int,
    model: str,
    engine: str,
    seed: int,
    out: Path,
) -> None:
    """Encode, decode, fork and kill processes for a while. The exit code is 1 if there was an error."""
    if job:
        work(Path(job[0]), Path(job[1]), job[2], int(job[3]), int(job[4]))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        prepare(folder, model, engine)
        supervisor = Supervisor(folder, engine, threads, time.monotonic() + seconds)
        kinds = [supervisor.command if number % 4 == 3 else supervisor.program for number in range(processes)]
        runners = [threading.Thread(target=kind, args=(seed + number,)) for number, kind in enumerate(kinds)]
        for runner in runners:
            runner.start()
        for runner in runners:
            runner.join()
        files, wrong = check(folder)
    wrong += supervisor.wrong
    row: Row = {
        "engine": engine,
        "model": model,
        "seconds": seconds,
        "processes": processes,
        "threads": threads,
        "encoded": supervisor.done["encode"],
        "decoded": supervisor.done["decode"],
        "forked": supervisor.done["fork"],
        "asked_to_end": supervisor.done["asked to end"],
        "killed": supervisor.done["killed"],
        "files": files,
        "left_by_kills": supervisor.done["left by kills"],
        "wrong": len(wrong),
    }
    write_csv(out / "stress.csv", [row])
    click.echo(markdown([row]))
    for line in wrong:
        click.echo(line, err=True)
    context.exit(bool(wrong))


if __name__ == "__main__":
    main()
