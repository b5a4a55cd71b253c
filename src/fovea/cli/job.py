"""Encoding as a job: between folders and object stores, with a manifest, and on a cluster."""

import time
import warnings
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tqdm import tqdm

from fovea.cli.batch import Tally
from fovea.cli.failures import needs_extra, report
from fovea.cli.interruption import Interruption
from fovea.cli.streams import printable, tell
from fovea.cli.survey import describe_others
from fovea.errors import FoveaError
from fovea.settings import Settings

if TYPE_CHECKING:
    from fovea.jobs import Job, Row

_SHOWN = 20
"""Images that failed and are named; the manifest names all."""
LOCAL = "local"
"""Address of a Ray that the job starts by itself."""


@dataclass
class _Count:
    """What the rows tell so far."""

    done: int = 0
    failed: int = 0
    total: Tally = field(default_factory=Tally)

    def add(self, row: "Row") -> None:
        """Count an image, and name it if it failed."""
        if row.bytes is None:
            self.failed += 1
            if self.failed <= _SHOWN:
                with tqdm.external_write_mode():
                    tell(f"fovea: {printable(f'{row.path}: {row.error}')}")
        else:
            self.done += 1
            pixels = (row.width or 0) * (row.height or 0)
            self.total += Tally(row.bytes, pixels, pixels)


def is_job(source: str, target: str, manifest: str | None, ray: str | None) -> bool:
    """Return whether a call of ``encode`` is a job: whether it names a store, a manifest or Ray."""
    return "://" in source or "://" in target or manifest is not None or ray is not None


def encode_job(
    source: str,
    target: str,
    settings: Settings,
    cores: int,
    manifest: str | None,
    ray: str | None,
    overwrite: bool,
    quiet: bool,
) -> bool:
    """Run a job. Report what fails, and a summary, on the standard error.

    Args:
        source: folder or URL of a prefix with the images.
        target: folder or URL of a prefix for the encoded files.
        settings: how images are encoded.
        cores: number of cores to use on this machine.
        manifest: folder or URL of the manifest; None for the usual one.
        ray: address of Ray, or ``LOCAL``; None to work in this process.
        overwrite: encode all images again, and replace files that no manifest lists.
        quiet: whether to show neither a progress bar nor a summary.

    Returns:
        Whether all images are encoded.

    Raises:
        FoveaError: the job cannot start or go on, or there is no image.
    """
    with needs_extra("cloud"):
        from fovea.jobs import prepare, record_rows

    started = time.perf_counter()
    job = prepare(source, target, settings, manifest, overwrite)
    count = _Count()
    try:
        with warnings.catch_warnings(), tqdm(unit="image", disable=True if quiet else None) as bar:
            warnings.simplefilter("ignore")  # warnings of Pillow about images that it reads

            def note(row: "Row") -> None:
                count.add(row)
                bar.update()

            with closing(_rows(job, cores, ray)) as rows:  # ends a Ray that it has started
                record_rows(job, rows, note)
    except Interruption as stop:
        stop.add_note(f"{_images(count.done)} done; the same command goes on")
        raise
    return _report(job, count, 0 if quiet else time.perf_counter() - started)


def _rows(job: "Job", cores: int, ray: str | None) -> Generator["Row", None, None]:
    from fovea.jobs import Transfer, transfer_here

    if ray is None:
        transfer = Transfer(job.source, job.target, job.settings, job.model_id, cores)
        return transfer_here(transfer, job.files())
    with needs_extra("ray"):
        from fovea.integrations import ray as integration
    return integration.transfer_on_ray(job, None if ray == LOCAL else ray, cores)


def _report(job: "Job", count: _Count, seconds: float) -> bool:
    """Tell what failed, and a summary if there are seconds. Returns whether all went well."""
    for error in job.listing.unread:
        report(error)
    others = describe_others(job.listing.passed_over)
    if not (count.done or count.failed or job.done_before or job.listing.unread):
        raise FoveaError(f"nothing to convert in this place{'; ' + others if others else ''}", path=job.source.address)
    if count.failed:
        more = f", {count.failed - _SHOWN} of them not named here" if count.failed > _SHOWN else ""
        tell(f"fovea: {_images(count.failed)} failed{more}: see the column error of {job.manifest.place.address}")
    if seconds:
        before = f"{job.done_before} done before" if job.done_before else ""
        summary = f"{_images(count.done)}: {count.total.summary(seconds)}" if count.done else ""
        tell("; ".join(part for part in (summary, before, others) if part))
    return not count.failed and not job.listing.unread


def _images(number: int) -> str:
    return f"{number} image{'' if number == 1 else 's'}"
