"""Reading one image, encoding it, and writing it: the same on this machine and on the workers of a cluster."""

import hashlib
import threading
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fovea.codec import Codec
from fovea.errors import FoveaError, ImageError, ModelError
from fovea.jobs.listing import File
from fovea.jobs.manifest import Row
from fovea.jobs.place import Place
from fovea.parallel import completed
from fovea.picture import open_picture
from fovea.settings import Settings

_PER_CORE = 2
"""Images on the way for each core: one is read or written while another is encoded."""
_LARGEST = 2**31
"""Largest image file in bytes. A picture of the largest size that is decoded takes less in every format."""


class Transfer:
    """Reads, encodes and writes an image with each call. Threads may share it; pickling keeps its arguments.

    Args:
        source: where the images are.
        target: where the encoded files go.
        settings: how images are encoded.
        model_id: id of the model, which every machine has to find under its name.
        cores: number of images that are encoded at the same time, one core each.

    Attributes:
        cores: as given.

    Raises:
        FoveaError: there is no such model, encoder, engine or precision, or this machine has another model.
    """

    def __init__(self, source: Place, target: Place, settings: Settings, model_id: str, cores: int) -> None:
        self._arguments = (source, target, settings, model_id, cores)
        self._source, self._target, self._settings, self._model_id = source, target, settings, model_id
        self.cores = cores
        self._codec: Codec = settings.open_codec(threads=1, at_once=cores)
        if (found := self._codec.model.id.hex()) != model_id:
            raise ModelError(f"{settings.model} is the model {found} on this machine, and the job needs {model_id}")
        self._free_cores = threading.BoundedSemaphore(cores)

    def __reduce__(self) -> tuple[type["Transfer"], tuple[Any, ...]]:
        return Transfer, self._arguments

    def __call__(self, file: File) -> Row:
        """Return the row of an image in the manifest. A file that fails has an error in its row."""
        row = self._row(file)
        try:
            if file.clash:
                raise ImageError(f"{file.clash} would also become {file.target}: rename one")
            if file.size > _LARGEST:
                raise ImageError(f"a file of {file.size} bytes is not read: {_LARGEST} are the most")
            content = self._source.read(file.path)
            with self._free_cores:
                data, width, height = self._encode(content)
            self._target.write(file.target, data)
        except Exception as error:
            return row._replace(error=_reason(error))
        return row._replace(
            bytes=len(data),
            width=width,
            height=height,
            bpp=8 * len(data) / (width * height),
            sha256=hashlib.sha256(data).hexdigest(),
        )

    def failed(self, file: File, reason: str) -> Row:
        """Return the row of an image that is given up."""
        return self._row(file)._replace(error=reason)

    def _row(self, file: File) -> Row:
        return Row(file.path, file.size, file.version, model_id=self._model_id, quality=self._quality)

    @property
    def _quality(self) -> int | None:
        """The quality of all files; None where a target chooses that of each."""
        return self._settings.quality if self._settings.largest(1) is None else None

    def _encode(self, content: bytes) -> tuple[bytes, int, int]:
        picture = open_picture(content, self._settings.keep_metadata, self._settings.max_pixels)
        return self._settings.encode(self._codec, picture), picture.width, picture.height


def transfer_here(transfer: Transfer, files: Iterable[File]) -> Generator[Row, None, None]:
    """Yield the rows of images as they are completed, in threads of this process.

    Few images are in memory. An interruption does not wait for those that are on the way.

    Args:
        transfer: what to do with each image.
        files: images, which are taken as threads get free.
    """
    limit = _PER_CORE * transfer.cores
    pool = ThreadPoolExecutor(limit)
    ended = False
    try:
        yield from completed(pool, transfer, files, limit)
        ended = True
    finally:
        pool.shutdown(wait=ended, cancel_futures=True)


def _reason(error: Exception) -> str:
    if isinstance(error, FoveaError):
        return error.reason
    return "not enough memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"
