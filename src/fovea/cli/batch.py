"""Converting many files at the same time. Files that fail do not stop the others."""

import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tqdm import tqdm

from fovea.cli.failures import report
from fovea.cli.files import PIPE, Plan, Task, name_of, reading, writing
from fovea.cli.interruption import Interruption
from fovea.cli.streams import tell
from fovea.errors import FoveaError
from fovea.parallel import completed


@dataclass(frozen=True)
class Tally:
    """Sums over the files that were converted.

    Attributes:
        size: size of the ``.fov`` files in bytes.
        pixels: number of pixels of the whole pictures.
        coded: number of pixels that were encoded or decoded, which is smaller if a region was decoded.
    """

    size: int = 0
    pixels: int = 0
    coded: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.size + other.size, self.pixels + other.pixels, self.coded + other.coded)

    def summary(self, seconds: float) -> str:
        """Return size, bits per pixel and speed as text.

        Example:
            >>> Tally(size=1500, pixels=30_000, coded=30_000).summary(seconds=0.01)
            '1,500 bytes, 0.400 bpp, 3.0 MP/s'
        """
        bpp = 8 * self.size / self.pixels
        return f"{self.size:,} bytes, {bpp:.3f} bpp, {self.coded / seconds / 1e6:.1f} MP/s"


Convert = Callable[[Path, IO[bytes], IO[bytes]], Tally]
"""Function that converts one file. It takes the path of the source, the open source and the open target."""
_Result = tuple[Task, Tally | Exception]


def share(jobs: int, tasks: int) -> tuple[int, int]:
    """Return the number of files to convert at the same time, and the number of cores for each.

    Args:
        jobs: number of cores.
        tasks: number of files.

    Example:
        >>> share(8, 1), share(8, 3), share(8, 1000)
        ((1, 8), (3, 2), (8, 1))
    """
    at_once = min(jobs, tasks)
    return at_once, jobs // at_once


def convert_all(plan: Plan, convert: Convert, at_once: int, quiet: bool, replace: bool = True) -> bool:
    """Convert files. Report each file that fails, and a summary of the others, on the standard error.

    Args:
        plan: files to convert.
        convert: function that converts one file.
        at_once: number of files to convert at the same time.
        quiet: whether to show neither a progress bar nor a summary.
        replace: whether files that exist are replaced. Otherwise their sources fail before they are opened.

    Returns:
        Whether all files were converted.
    """
    tasks = plan.tasks
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    started = time.perf_counter()
    total, done = Tally(), 0
    failed: list[tuple[Task, Exception]] = []
    hidden = True if quiet or len(tasks) == 1 else None  # None hides the bar if stderr is not a terminal
    try:
        with warnings.catch_warnings(), tqdm(total=len(tasks), unit="image", disable=hidden) as bar:
            warnings.simplefilter("ignore")  # warnings of Pillow about images that it reads
            for task, result in _results(tasks, convert, at_once, replace):
                if isinstance(result, Tally):
                    done += 1
                    total += result
                else:
                    failed.append((task, result))
                bar.update()
    except Interruption as stop:
        if len(tasks) > 1:
            stop.add_note(f"{done} of {len(tasks)} images are done")
        raise
    finally:
        for task, error in sorted(failed, key=lambda failure: failure[0]):
            report(error, name_of(task.source))
    for unread in plan.unread:
        report(unread)
    if len(tasks) > 1 and failed:
        tell(f"fovea: {len(failed)} of {len(tasks)} images failed")
    if not quiet:
        subject = _name(tasks[0]) if len(tasks) == 1 else f"{done} images"
        summary = f"{subject}: {total.summary(time.perf_counter() - started)}" if done else ""
        if parts := [part for part in (summary, plan.passed_over) if part]:
            tell("; ".join(parts))
    return not failed and not plan.unread


def _name(task: Task) -> str:
    return name_of(task.source) if task.target == PIPE else name_of(task.target)


def _results(tasks: Iterable[Task], convert: Convert, at_once: int, replace: bool) -> Iterator[_Result]:
    """Yield results as they are completed, with at most ``at_once`` files that are open or waiting."""

    def run(task: Task) -> _Result:
        try:
            if not replace and task.target.exists():
                raise FoveaError(
                    "exists already: name another folder, or replace it with --overwrite", path=task.target
                )
            with reading(task.source) as source, writing(task.target) as target:
                return task, convert(task.source, source, target)
        except BrokenPipeError:
            raise
        except Exception as error:
            return task, error

    if at_once == 1:
        yield from map(run, tasks)  # in the main thread, which a signal interrupts immediately
        return
    pool = ThreadPoolExecutor(at_once)
    try:
        yield from completed(pool, run, tasks, at_once)
    finally:  # an interruption does not wait for images that take a long time
        pool.shutdown(wait=not isinstance(sys.exception(), Interruption), cancel_futures=True)
