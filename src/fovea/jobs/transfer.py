"""Reading an image, encoding it, and writing it, on this machine or on the workers of a cluster."""

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
"""Number of images in progress for each core, so that one is read or written while another is encoded."""
_LARGEST = 2**31
"""Largest image file in bytes. In every format, the largest picture that is decoded takes less."""


class Transfer:
    """Reads, encodes and writes an image with each call. Threads may share it. It is pickled as its arguments.

    Args:
        source: place of the images.
        target: place of the encoded files.
        settings: how images are encoded.
        model_id: id that the model must have on every machine, 16 hexadecimal digits.
        cores: number of images that are encoded at the same time, each on one core.

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
        """Transfer an image, and return its row in the manifest. If the transfer fails, the row has the error."""
        row = self._row(file)
        try:
            if file.error:
                raise ImageError(file.error)
            if file.size > _LARGEST:
                raise ImageError(f"a file of {file.size} bytes is too large: at most {_LARGEST} are read")
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
        """Return the row of an image that is not tried again."""
        return self._row(file)._replace(error=reason)

    def _row(self, file: File) -> Row:
        return Row(file.path, file.size, file.version, model_id=self._model_id, quality=self._quality)

    @property
    def _quality(self) -> int | None:
        """The quality of all files; None if a target size determines the quality of each."""
        return self._settings.quality if self._settings.largest(1) is None else None

    def _encode(self, content: bytes) -> tuple[bytes, int, int]:
        picture = open_picture(content, self._settings.keep_metadata, self._settings.max_pixels)
        return self._settings.encode(self._codec, picture), picture.width, picture.height


def transfer_here(transfer: Transfer, files: Iterable[File]) -> Generator[Row, None, None]:
    """Transfer images in threads of this process, and yield their rows as they are completed.

    Only a few images are in memory at once. An interruption does not wait for the images in progress.

    Args:
        transfer: transfer of an image.
        files: images, which are taken when threads become free.
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
    """Return the reason of an error as text that is UTF-8: a manifest holds no other."""
    if isinstance(error, FoveaError):
        reason = error.reason
    else:
        reason = "not enough memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"
    return reason.encode(errors="backslashreplace").decode()
