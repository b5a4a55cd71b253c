"""The course of a job: the checks at its start, the images that are not done yet, and their rows in the manifest."""

import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from fovea.errors import FoveaError
from fovea.jobs.listing import File, Listing
from fovea.jobs.manifest import BLOCK, Manifest, Row
from fovea.jobs.place import Place
from fovea.picture import image_suffixes
from fovea.settings import Settings
from fovea.store import load_model

_LOOKED_UP = 10_000
"""Number of images that are looked up in the manifest at once."""
MANIFEST = "manifest.parquet"
"""Default name of the manifest in the target."""


@dataclass
class Job:
    """A job that is ready to run.

    Attributes:
        source: place of the images.
        target: place of the encoded files.
        settings: how images are encoded.
        model_id: id of the model, 16 hexadecimal digits.
        manifest: manifest of the job.
        listing: images of the source.
        done_before: number of the images listed so far that an earlier run has done.
    """

    source: Place
    target: Place
    settings: Settings
    model_id: str
    manifest: Manifest
    listing: Listing
    done_before: int = 0

    def files(self) -> Iterator[File]:
        """Yield the images that are not done yet, while the source is listed.

        Raises:
            FoveaError: the manifest cannot be changed, or the target cannot be read.
        """
        listed = iter(self.listing)
        written = _Written(self.target)
        while batch := list(islice(listed, _LOOKED_UP)):
            undone = self.manifest.undone(batch, written)
            self.done_before += len(batch) - len(undone)
            yield from undone


class _Written:
    """Looks up the size of the encoded file of an image, or None if there is no such file.

    Images are listed folder by folder, so the sizes of one folder at a time are in memory.
    """

    def __init__(self, target: Place) -> None:
        self._target = target
        self._folder: str | None = None
        self._sizes: dict[str, int] = {}

    def __call__(self, file: File) -> int | None:
        folder = posixpath.dirname(file.target)
        if folder != self._folder:
            self._folder = folder
            there = self._target.entries(folder) if self._target.has_folder(folder) else ()
            self._sizes = {self._target.key(entry.name): entry.size for entry in there}
        return self._sizes.get(self._target.key(file.target))


def prepare(source: str, target: str, settings: Settings, manifest: str | None = None, overwrite: bool = False) -> Job:
    """Check that a job can run, and read from the manifest what an earlier run has done.

    Args:
        source: folder or URL of a prefix with the images.
        target: folder or URL of a prefix for the encoded files.
        settings: how images are encoded.
        manifest: folder or URL of the manifest; by default ``manifest.parquet`` in the target.
        overwrite: encode all images again, and replace files that this job has not written.

    Raises:
        FoveaError: the source does not exist; the model is not found; the manifest was written with other settings, or
            cannot be written; or there is no manifest, and the target holds ``.fov`` files that would be replaced.
    """
    start, end = Place(source), Place(target)
    if not start.has_folder():
        raise FoveaError("there is no such folder or prefix", path=start.address)
    model_id = load_model(settings.model).id.hex()
    record = Manifest(Place(manifest or end.at(MANIFEST)), _recorded(settings, model_id))
    if overwrite:
        record.clear()
    elif not record.open() and end.has_folder() and any(True for _ in Listing(end, {".fov"}, end)):
        raise FoveaError(
            f"there are .fov files, but there is no manifest at {record.place.address}:"
            " name another place, or replace them with --overwrite",
            path=end.address,
        )
    record.start()
    return Job(start, end, settings, model_id, record, Listing(start, image_suffixes(), end))


def _recorded(settings: Settings, model_id: str) -> dict[str, object]:
    """Return all settings that determine the content of encoded files, except for the versions of libraries."""
    return {
        "model": model_id,
        "encoder": settings.encoder,
        "quality": settings.quality,
        "bits per pixel": settings.target_bpp,
        "size": settings.target_size,
        "scale": settings.scale,
        "background": settings.background,
        "metadata": settings.keep_metadata,
    }


def record_rows(job: Job, rows: Iterable[Row], tell: Callable[[Row], None] = lambda row: None) -> None:
    """Record rows in the manifest as they come, block by block, and then that the job has come to its end.

    If the job is interrupted, the rows that have come so far are recorded, too.

    Args:
        job: the job.
        rows: rows of the images of :meth:`Job.files`, in any order.
        tell: function that is called with each row.

    Raises:
        FoveaError: the manifest cannot be written.
    """
    pending: list[Row] = []
    try:
        for row in rows:
            pending.append(row)
            tell(row)
            if len(pending) == BLOCK:
                job.manifest.append(pending)
                pending = []
    finally:
        if pending:
            job.manifest.append(pending)
    job.manifest.end()
