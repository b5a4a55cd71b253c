"""The errors that Fovea raises on purpose.

::

    FoveaError
    ├── ArgumentError            an argument of a call that is out of its range (also a ValueError)
    ├── ImageError               an input image that cannot be read or coded
    ├── BitstreamError           bytes that are no valid .fov file
    │   ├── TruncatedError       the file ends too early
    │   ├── ChecksumError        a checksum does not match its bytes
    │   ├── UnsupportedVersionError   written by a newer Fovea
    │   └── LimitError           asks for more than the limits allow
    ├── ModelError               a model that is unknown, broken or not exact
    ├── EngineError              an inference engine that is missing or fails
    ├── DownloadError            a file that cannot be downloaded, or is not the one that was expected
    ├── DatasetError             a data set that cannot be read
    ├── RecognizerError          a recognition model that cannot be used
    └── BaselineError            a codec to compare with that is missing or fails

Catch :class:`FoveaError` to catch them all. Each error tells the reason and, where they are known, the file and the
entry of that file that it is about; as text it is one line with all three.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike


class FoveaError(Exception):
    """Base of all errors that Fovea raises on purpose.

    Args:
        reason: what is wrong and what to do, in one line.
        path: file or folder that the error is about, or the address of a download.
        entry: place in that file, such as "annotation 7".

    Attributes:
        reason: as given.
        path: as given, or filled in by :func:`about`; None where no file is known.
        entry: as given, or filled in by :func:`about`; "" where no place is known.

    Example:
        >>> error = DatasetError("width is missing", path="labels.json", entry="image 7")
        >>> str(error)
        'labels.json: image 7: width is missing'
    """

    def __init__(self, reason: str, *, path: str | PathLike[str] | None = None, entry: str = "") -> None:
        super().__init__(reason)
        self.reason, self.path, self.entry = reason, path, entry

    def __str__(self) -> str:
        return ": ".join(str(part) for part in (self.path, self.entry, self.reason) if part)


@contextmanager
def about(path: str | PathLike[str] | None = None, entry: str = "") -> Iterator[None]:
    """Tell the errors that are raised inside which file, and which entry of it, they are about.

    What an error tells already stays: the innermost file and entry are the nearest to the cause.

    Args:
        path: file or folder.
        entry: place in it.

    Example:
        >>> with about("labels.json"), about(entry="image 7"):
        ...     raise DatasetError("width is missing")
        Traceback (most recent call last):
        fovea.errors.DatasetError: labels.json: image 7: width is missing
    """
    try:
        yield
    except FoveaError as error:
        if error.path is None:  # an entry belongs to the file that the error names
            error.path, error.entry = path, error.entry or entry
        raise


class ArgumentError(FoveaError, ValueError):
    """An argument of a call is out of its range."""


class ImageError(FoveaError):
    """An input image cannot be read or coded."""


class BitstreamError(FoveaError):
    """The bytes are no valid ``.fov`` file."""


class TruncatedError(BitstreamError):
    """The file ends before its content does."""


class ChecksumError(BitstreamError):
    """A checksum does not match the bytes it protects."""


class UnsupportedVersionError(BitstreamError):
    """The file was written by a newer version of Fovea."""


class LimitError(BitstreamError):
    """The file asks for more pixels, tiles or bytes than the limits allow."""


class ModelError(FoveaError):
    """A model is unknown, broken, or fails its proof of exactness."""


class EngineError(FoveaError):
    """An inference engine is missing, or failed to run a network."""


class DownloadError(FoveaError):
    """A file cannot be downloaded, or is not the one that was expected."""


class DatasetError(FoveaError):
    """A data set cannot be read, or does not fit its images."""


class RecognizerError(FoveaError):
    """A recognition model cannot be loaded, fed or read."""


class BaselineError(FoveaError):
    """A codec to compare with is missing, or failed on an image."""
