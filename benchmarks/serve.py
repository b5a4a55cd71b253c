"""The service on loopback, next to the library: ``python benchmarks/serve.py``. ``README.md`` explains the columns."""

import asyncio
import io
import multiprocessing
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.synchronize import Barrier
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import click
import psutil
from PIL import Image

from fovea.codec import Codec
from fovea.engine import available_cores
from fovea.picture import FORMATS, open_picture, save_picture
from images import KODAK, RESULTS, read_folder
from load import MISUSES, Answers, closed_loop, open_loop
from tables import Row, markdown, write_csv

QUALITY = 40
PARTS = ("throughput", "latency", "misuse")
_START = 120.0
"""Longest time, in seconds, that the service may take to start."""


@dataclass(frozen=True)
class Setup:
    """How service and library run.

    Attributes:
        workers: number of processes.
        jobs: number of pictures that each codes at the same time.
        bodies: bodies of the requests, by the path of the call.
        seconds: how long each part is measured.
    """

    workers: int
    jobs: int
    bodies: dict[str, list[bytes]]
    seconds: float

    @property
    def threads(self) -> int:
        """The number of threads for one picture, as ``fovea serve`` chooses it."""
        return max(1, available_cores() // (self.workers * self.jobs))


def bodies_of(limit: int) -> dict[str, list[bytes]]:
    """Return JPEG files of the first photographs of Kodak, and the coded files of these."""
    photos, coded, codec = [], [], Codec()
    for pixels in read_folder(KODAK, limit):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=95)
        photos.append(file.getvalue())
        coded.append(codec.encode(pixels, QUALITY))
    return {"encode": photos, "decode": coded}


# --- The library ---


def library_rate(setup: Setup, call: str) -> float:
    """Return how many pictures the library codes in a second, in as many processes and threads as the service."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(setup.workers)
    results: Any = context.Queue()
    arguments = (barrier, results, setup, call)
    processes = [context.Process(target=_work, args=arguments) for _ in range(setup.workers)]
    for process in processes:
        process.start()
    rate = float(sum(results.get() for _ in processes))
    for process in processes:
        process.join()
    return rate


def _work(barrier: Barrier, results: Any, setup: Setup, call: str) -> None:
    codec = Codec(threads=setup.threads, at_once=setup.jobs)
    bodies = setup.bodies[call]

    def once(number: int) -> None:
        body = bodies[number % len(bodies)]
        if call == "encode":
            codec.encode(open_picture(body), QUALITY)
        else:
            save_picture(codec.decode_picture(body), io.BytesIO(), FORMATS["png"])

    once(0)
    barrier.wait()
    begin = time.perf_counter()
    counts = [0] * setup.jobs

    def run(thread: int) -> None:
        while time.perf_counter() - begin < setup.seconds:
            once(thread + counts[thread] * setup.jobs)
            counts[thread] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(setup.jobs)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    results.put(sum(counts) / (time.perf_counter() - begin))


# --- The service ---


@dataclass(frozen=True)
class Running:
    """The service while it runs.

    Attributes:
        address: its address, without a path.
        process: its first process.
    """

    address: str
    process: psutil.Process

    def resident(self) -> float:
        """The resident memory of all processes in MiB."""
        family = [self.process, *self.process.children(recursive=True)]
        total = 0
        for each in family:
            with suppress(psutil.NoSuchProcess):
                total += each.memory_info().rss
        return total / 2**20


@contextmanager
def serving(setup: Setup) -> Iterator[Running]:
    """Run the service until the end of the block."""
    command = [sys.executable, "-m", "fovea", "serve", "--port", "0", "--model", "fovea-s"]
    command += ["--workers", str(setup.workers), "--jobs", str(setup.jobs)]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    lines: SimpleQueue[str] = SimpleQueue()
    reader = threading.Thread(target=_forward, args=(child, lines), daemon=True)
    reader.start()
    address, started, end = "", 0, time.monotonic() + _START
    while not (address and started == setup.workers):
        line = lines.get(timeout=max(0.1, end - time.monotonic()))
        if found := re.search(r"running on (http://[\w.:]+)", line):
            address = found[1]
        started += "Application startup complete" in line
    try:
        yield Running(address, psutil.Process(child.pid))
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(_START)


def _forward(child: "subprocess.Popen[str]", lines: "SimpleQueue[str]") -> None:
    assert child.stderr is not None
    for number, line in enumerate(child.stderr):
        if number < 1000:  # the start; the lines of the requests are dropped
            lines.put(line)


def watch_memory(running: Running, stop: threading.Event, samples: list[float]) -> None:
    """Note the resident memory every half a second until the event is set."""
    while not stop.wait(0.5):
        samples.append(running.resident())


def row(part: str, scenario: str, call: str, setup: Setup, answers: Answers, **more: object) -> Row:
    """Return a row of the table."""
    return {
        "part": part,
        "scenario": scenario,
        "call": call,
        "workers": setup.workers,
        "jobs": setup.jobs,
        "seconds": round(answers.duration, 1),
        "answers": len(answers.seconds),
        "per_second": round(answers.per_second, 2),
        "library_per_second": None,
        "share": None,
        "p50_ms": answers.percentile(50),
        "p99_ms": answers.percentile(99),
        "refused": answers.refused,
        "failed": answers.failed,
        "start_mib": None,
        "end_mib": None,
        "peak_mib": None,
    } | more


def throughput(setup: Setup, call: str) -> tuple[Row, float]:
    """Compare the service with the library; return a row and the rate of the service in requests a second."""
    library = library_rate(setup, call)
    with serving(setup) as running:
        address = f"{running.address}/v1/{call}" + (f"?quality={QUALITY}" if call == "encode" else "")
        clients = 2 * setup.workers * setup.jobs
        _warm_up(running, setup)
        answers = asyncio.run(closed_loop(address, setup.bodies[call], clients, setup.seconds))
    more = {"library_per_second": round(library, 2), "share": round(answers.per_second / library, 3)}
    return row("throughput", "as fast as answered", call, setup, answers, **more), answers.per_second


def _warm_up(running: Running, setup: Setup) -> None:
    for call, bodies in setup.bodies.items():
        address = f"{running.address}/v1/{call}"
        asyncio.run(closed_loop(address, bodies, setup.workers * setup.jobs, min(3.0, setup.seconds)))


def latency(setup: Setup, rate: float) -> Row:
    """Time requests at 80 % of the rate that the service reaches, and watch its memory."""
    with serving(setup) as running:
        address = f"{running.address}/v1/encode?quality={QUALITY}"
        _warm_up(running, setup)
        samples = [running.resident()]
        stop = threading.Event()
        watcher = threading.Thread(target=watch_memory, args=(running, stop, samples))
        watcher.start()
        answers = asyncio.run(open_loop(address, setup.bodies["encode"], 0.8 * rate, setup.seconds))
        stop.set()
        watcher.join()
        samples.append(running.resident())
    return row("latency", "80 % of the rate", "encode", setup, answers, **_memory(samples))


def misuse(setup: Setup, rate: float, name: str) -> Row:
    """Time ordinary requests at 40 % of the rate that the service reaches, while others misuse it."""
    with serving(setup) as running:
        _warm_up(running, setup)
        samples = [running.resident()]
        stop = threading.Event()
        watcher = threading.Thread(target=watch_memory, args=(running, stop, samples))
        watcher.start()
        with _misused(name, running.address, setup.bodies["encode"]):
            time.sleep(min(2.0, setup.seconds))
            address = f"{running.address}/v1/encode?quality={QUALITY}"
            answers = asyncio.run(open_loop(address, setup.bodies["encode"], 0.4 * rate, setup.seconds))
        stop.set()
        watcher.join()
        samples.append(running.resident())
    return row("misuse", name, "encode", setup, answers, **_memory(samples))


@contextmanager
def _misused(name: str, address: str, bodies: Sequence[bytes]) -> Iterator[None]:
    """Misuse the service during the block, from a process for which the clients that are timed do not wait."""
    if name not in MISUSES:
        yield
        return
    process = multiprocessing.get_context("spawn").Process(target=_misuse, args=(name, address, bodies), daemon=True)
    process.start()
    try:
        yield
        assert process.is_alive(), f"{name}: it ended before its time"
    finally:
        process.terminate()
        process.join()


def _misuse(name: str, address: str, bodies: Sequence[bytes]) -> None:
    asyncio.run(MISUSES[name](address, bodies))


def _memory(samples: Sequence[float]) -> dict[str, int]:
    return {"start_mib": round(samples[0]), "end_mib": round(samples[-1]), "peak_mib": round(max(samples))}


@click.command()
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option("--jobs", type=click.IntRange(min=1), default=available_cores(), help="Pictures at once in each.")
@click.option("--limit", type=click.IntRange(min=1), default=8, show_default=True, help="Photographs of Kodak.")
@click.option("--seconds", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds of each part.")
@click.option("--minutes", type=click.FloatRange(min=0.05), default=10.0, show_default=True, help="Minutes at 80 %.")
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), help="Only this, beside the rate.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, help="Folder for the table.")
def main(
    workers: int, jobs: int, limit: int, seconds: float, minutes: float, parts: tuple[str, ...], out: Path
) -> None:
    """Measure the service on loopback."""
    setup = Setup(workers, jobs, bodies_of(limit), seconds)
    encoded, rate = throughput(setup, "encode")
    rows = [encoded]
    steps: dict[str, Callable[[], list[Row]]] = {
        "throughput": lambda: [throughput(setup, "decode")[0]],
        "latency": lambda: [latency(replace(setup, seconds=60 * minutes), rate)],
        "misuse": lambda: [misuse(setup, rate, name) for name in ("none", *MISUSES)],
    }
    for part, step in steps.items():
        if not parts or part in parts:
            rows += step()
    write_csv(out / "serve.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
