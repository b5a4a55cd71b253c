"""The course of a job: the checks at its start, the images that are not done yet, and their rows in the manifest."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from fovea.errors import FoveaError
from fovea.jobs.listing import File, Listing
from fovea.jobs.manifest import BLOCK, Manifest, Row
from fovea.jobs.place import Place
from fovea.jobs.selection import Selection
from fovea.picture import image_suffixes
from fovea.settings import Settings
from fovea.store import SUFFIX

_LOOKED_UP = 10_000
"""Number of images that are looked up in the manifest at once; a few more if some would become the same file."""
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
        overwrite: whether all images are encoded again.
        done_before: number of the images listed so far that an earlier run has done.
    """

    source: Place
    target: Place
    settings: Settings
    model_id: str
    manifest: Manifest
    listing: Listing
    overwrite: bool = False
    done_before: int = 0

    def files(self) -> Iterator[File]:
        """Begin the work: start the manifest, and yield the images that are not done yet, while the source is listed.

        Nothing is changed before the first image is asked for, so what encodes the images can be checked before that.

        Raises:
            FoveaError: the manifest cannot be changed, or the target cannot be read.
        """
        if self.overwrite:
            self.manifest.clear()
        self.manifest.start()
        listed = iter(self.listing)
        selection = Selection(self.manifest, self.target)
        while batch := list(islice(listed, _LOOKED_UP)):
            undone = selection.undone(batch)
            self.done_before += sum(map(len, batch)) - len(undone)
            yield from undone


def prepare(source: str, target: str, settings: Settings, manifest: str | None = None, overwrite: bool = False) -> Job:
    """Check that a job can run, and read from the manifest what an earlier run has done. Nothing is changed.

    Args:
        source: folder or URL of a prefix with the images.
        target: folder or URL of a prefix for the encoded files.
        settings: how images are encoded.
        manifest: folder or URL of the manifest; by default ``manifest.parquet`` in the target.
        overwrite: encode all images again, and replace files that this job has not written.

    Raises:
        FoveaError: the source does not exist; there is no such model, encoder, engine or precision, or the model has no
            control that is set; the manifest was written with other settings; or there is no manifest, and the target
            holds ``.fov`` files that would be replaced.
    """
    start, end = Place(source), Place(target)
    if not start.has_folder():
        raise FoveaError("there is no such folder or prefix", path=start.address)
    model_id = settings.open_codec(threads=1, at_once=1).model.id.hex()
    if Path(settings.model).suffix == SUFFIX:
        settings = replace(settings, model=str(Path(settings.model).absolute()))  # a worker may be in another folder
    record = Manifest(Place(manifest or end.at(MANIFEST)), _recorded(settings, model_id))
    if not overwrite and not record.open() and end.has_folder() and any(True for _ in Listing(end, {".fov"}, end)):
        raise FoveaError(
            f"there are .fov files, but there is no manifest at {record.place.address}:"
            " name another place, or replace them with --overwrite",
            path=end.address,
        )
    return Job(start, end, settings, model_id, record, Listing(start, image_suffixes(), end), overwrite)


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
