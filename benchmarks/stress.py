"""Many processes and threads that code, fork and are killed: ``python benchmarks/stress.py``.

A run passes where no process hangs or crashes, no file is incomplete, and no byte is wrong. ``README.md`` explains the
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
from numpy.random import default_rng  # now: a fork in the middle of an import leaves Python's own lock closed

from fovea import Codec
from fovea.atomic import writing
from fovea.engine import engine_names
from images import RESULTS
from tables import Row, markdown, write_csv

SIZES = ((16, 16), (70, 90), (130, 64), (1, 200))
"""Height and width of the pictures: small, so that much happens."""
LIFE = (1.0, 12.0)
"""Seconds after which a worker is told to end, or is killed: least and most."""
READY = "ready"
"""What a worker prints when it begins."""
PATIENCE = 60
"""Seconds that anything may take at most: what takes longer hangs."""


def picture(number: int) -> np.ndarray:
    """The picture of a number, the same in every process: uint8 [H, W, 3]."""
    return default_rng(number).integers(0, 256, (*SIZES[number], 3), dtype=np.uint8)


class Worker:
    """What one worker process does: its threads code and fork until it is told to end.

    Args:
        folder: has the expected files, ``N.fov`` and ``N.npy`` of every picture.
        out: where files are written.
        engine: name of an engine.
    """

    def __init__(self, folder: Path, out: Path, engine: str) -> None:
        self.out, self.end = out, threading.Event()
        self.codec = Codec(folder / "model.fovea", engine, threads=2)
        self.files = [(folder / f"{number}.fov").read_bytes() for number in range(len(SIZES))]
        self.pixels = [np.load(folder / f"{number}.npy") for number in range(len(SIZES))]
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []

    def encode(self, number: int) -> None:
        """Encode, compare, and write the file."""
        data = self.codec.encode(picture(number))
        if data != self.files[number]:
            raise AssertionError("an encoder gave other bytes")
        with writing(self.out / f"{number}-{random.randrange(20)}.fov") as file:
            file.write(data)

    def decode(self, number: int) -> None:
        """Decode and compare."""
        # Another engine or thread count may round a pixel differently; the same settings may not.
        if not np.array_equal(self.codec.decode(self.files[number]), self.pixels[number]):
            raise AssertionError("a decoder gave other pixels")

    def fork(self, number: int) -> None:
        """Fork a child that codes and ends as programs do."""
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
        """Do one thing after another."""
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
    """End a forked child as the interpreter does at the end of a program, from whatever thread forked it."""
    import ctypes

    ctypes.CDLL(None).exit(0)


def work(folder: Path, out: Path, engine: str, threads: int, seed: int) -> None:
    """A worker process. It prints what it did; its exit code is 1 where something went wrong."""
    worker = Worker(folder, out, engine)
    signal.signal(signal.SIGTERM, lambda *_: worker.end.set())
    worker.fork(0)  # what is imported late is imported now
    print(READY, flush=True)
    running = [threading.Thread(target=worker.work, args=(1000 * seed + number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        while thread.is_alive():
            thread.join(0.1)
    print(*(f"{name} {count}" for name, count in worker.done.items()), *worker.wrong, sep="\n")
    sys.exit(bool(worker.wrong))


class Watch:
    """Starts one process after the other in one place, and ends each at random.

    Args:
        folder: as for :class:`Worker`.
        engine: name of an engine.
        threads: of each process.
        until: when to stop, on the monotonic clock.
    """

    def __init__(self, folder: Path, engine: str, threads: int, until: float) -> None:
        self.folder, self.engine, self.threads, self.until = folder, engine, threads, until
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []

    def program(self, seed: int) -> None:
        """Programs that use the library in threads."""
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
        """The command, which encodes a folder again and again."""
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
        """Run a process until it ends by itself, is asked to by a signal, or is killed; gives what it printed."""
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
        # A signal ends a process that has not begun yet, and makes the command end with 128 and its number.
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
    """Make the pictures and what they must become."""
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
    """How many files were written, and which of them are not as they must be.

    A process that hung and was killed, which counts as wrong already, may have left hidden partial files.
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
@click.option("--seconds", type=click.IntRange(min=1), default=300, show_default=True, help="How long.")
@click.option("--processes", type=click.IntRange(min=2), default=8, show_default=True, help="At the same time.")
@click.option("--threads", type=click.IntRange(min=1), default=8, show_default=True, help="Of each process.")
@click.option("--model", default="fovea-s", show_default=True, help="Name of an installed model.")
@click.option("--engine", type=click.Choice(engine_names()), default="onnxruntime", show_default=True)
@click.option("--seed", default=0, show_default=True, help="Of the random choices.")
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
    """Code, fork and kill for a while; exit code 1 if anything went wrong."""
    if job:
        work(Path(job[0]), Path(job[1]), job[2], int(job[3]), int(job[4]))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        prepare(folder, model, engine)
        watch = Watch(folder, engine, threads, time.monotonic() + seconds)
        kinds = [watch.command if number % 4 == 3 else watch.program for number in range(processes)]
        watchers = [threading.Thread(target=kind, args=(seed + number,)) for number, kind in enumerate(kinds)]
        for watcher in watchers:
            watcher.start()
        for watcher in watchers:
            watcher.join()
        files, wrong = check(folder)
    wrong += watch.wrong
    row: Row = {
        "engine": engine,
        "model": model,
        "seconds": seconds,
        "processes": processes,
        "threads": threads,
        "encoded": watch.done["encode"],
        "decoded": watch.done["decode"],
        "forked": watch.done["fork"],
        "asked_to_end": watch.done["asked to end"],
        "killed": watch.done["killed"],
        "files": files,
        "left_by_kills": watch.done["left by kills"],
        "wrong": len(wrong),
    }
    write_csv(out / "stress.csv", [row])
    click.echo(markdown([row]))
    for line in wrong:
        click.echo(line, err=True)
    context.exit(bool(wrong))


if __name__ == "__main__":
    main()
