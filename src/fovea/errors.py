"""The errors that Fovea raises on purpose.

::

    FoveaError
    ├── ImageError               an input image that cannot be read or coded
    ├── BitstreamError           bytes that are no valid .fov file
    │   ├── TruncatedError       the file ends too early
    │   ├── ChecksumError        a checksum does not match its bytes
    │   ├── UnsupportedVersionError   written by a newer Fovea
    │   └── LimitError           asks for more than the limits allow
    ├── ModelError               a model that is unknown, broken or not exact
    ├── EngineError              an inference engine that is missing or fails
    ├── DatasetError             a data set that cannot be read
    ├── RecognizerError          a recognition model that cannot be used
    └── BaselineError            a codec to compare with that is missing or fails

Catch :class:`FoveaError` to catch them all. The message is one line that says what was wrong and what to do.
"""


class FoveaError(Exception):
    """Base of all errors that Fovea raises on purpose."""


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


class DatasetError(FoveaError):
    """A data set cannot be read, or does not fit its images."""


class RecognizerError(FoveaError):
    """A recognition model cannot be loaded, fed or read."""


class BaselineError(FoveaError):
    """A codec to compare with is missing, or failed on an image."""
