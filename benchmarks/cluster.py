"""Speed of jobs, and what a million images cost on 100 cores: ``python benchmarks/cluster.py``.

``README.md`` explains the columns.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from PIL import Image

from fovea.engine import available_cores
from fovea.integrations.ray import transfer_on_ray
from fovea.jobs import Job, Row, Transfer, prepare, record_rows, transfer_here
from fovea.settings import Settings
from images import FULL_HD, KODAK, RESULTS, mosaic, read_folder
from tables import Row as Line
from tables import markdown, write_csv

SIZES = (FULL_HD, (480, 640))
"""Height and width."""
RUNNERS = ("threads", "ray")
MILLION = 1_000_000
CLUSTER_CORES = 100


def write_pictures(folder: Path, originals: Path, size: tuple[int, int], number: int) -> None:
    """Write JPEG files that are stitched from images, each from another one on."""
    images = read_folder(originals)
    height, width = size
    folder.mkdir(parents=True)
    for start in range(number):
        turned = images[start % len(images) :] + images[: start % len(images)]
        Image.fromarray(mosaic(turned, height, width)).save(folder / f"{start}.jpg", quality=90)


@contextmanager
def only_cores(number: int) -> Iterator[None]:
    """Keep this process, and those that it starts, on so many cores, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:number])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def rows_of(job: Job, runner: str, cores: int) -> Iterator[Row]:
    """Encode the images of a job."""
    if runner == "ray":
        return transfer_on_ray(job, None, cores)
    return transfer_here(Transfer(job.source, job.target, job.settings, job.model_id, cores), job.files())


def images_per_second(source: Path, quality: int, runner: str, cores: int) -> float:
    """Return the speed of a job without its start: it counts from when each core has done an image."""
    times: list[float] = []

    def note(row: Row) -> None:
        if row.error:
            raise click.ClickException(f"{row.path}: {row.error}")
        times.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as target, only_cores(cores):
        job = prepare(str(source), target, Settings(quality=quality))
        record_rows(job, rows_of(job, runner, cores), note)
    return (len(times) - cores) / (times[-1] - times[cores - 1])


def line(size: tuple[int, int], quality: int, runner: str, cores: int, number: int, speed: float) -> Line:
    """Return a line of the table.

    Example:
        >>> line((1080, 1920), 50, "ray", cores=2, number=40, speed=4.0)["million_core_hours"]
        138.9
    """
    core_hours = MILLION * cores / speed / 3600
    return {
        "pictures": f"{size[1]}x{size[0]}",
        "quality": quality,
        "runner": runner,
        "used_cores": cores,
        "images": number,
        "images_per_second": round(speed, 3),
        "core_seconds_per_image": round(cores / speed, 4),
        "million_core_hours": round(core_hours, 1),
        f"million_hours_on_{CLUSTER_CORES}_cores": round(core_hours / CLUSTER_CORES, 2),
    }


@click.command()
@click.option(
    "--images", "folder", type=click.Path(path_type=Path), default=KODAK, help="PNG images to stitch pictures from."
)
@click.option("--number", type=click.IntRange(4), default=60, show_default=True, help="Pictures of each size.")
@click.option("--quality", type=click.IntRange(0, 100), default=50, show_default=True, help="Quality to encode at.")
@click.option("--runners", default=",".join(RUNNERS), show_default=True, help="What runs the jobs.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, help="Folder for the table.")
def main(folder: Path, number: int, quality: int, runners: str, out: Path) -> None:
    """Measure jobs on one and two cores."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as temporary:
        for size in SIZES:
            source = Path(temporary, f"{size[1]}x{size[0]}")
            write_pictures(source, folder, size, number)
            for runner in runners.split(","):
                for cores in range(1, min(2, available_cores()) + 1):
                    speed = images_per_second(source, quality, runner, cores)
                    lines.append(line(size, quality, runner, cores, number, speed))
                    click.echo(markdown(lines[-1:]), err=True)
    write_csv(out / "cluster.csv", lines)
    click.echo(markdown(lines))


if __name__ == "__main__":
    main()
