"""Fovea: an image codec for machines.

Example:
    >>> import fovea, numpy as np
    >>> data = fovea.encode(np.zeros((30, 40, 3), np.uint8), quality=40)
    >>> fovea.decode(data).shape
    (30, 40, 3)
"""

from fovea.codec import Codec, decode, encode
from fovea.distribution import __version__
from fovea.errors import (
    ArgumentError,
    BaselineError,
    BitstreamError,
    ChecksumError,
    DatasetError,
    DownloadError,
    EngineError,
    FoveaError,
    ImageError,
    LimitError,
    ModelError,
    RecognizerError,
    TruncatedError,
    UnsupportedVersionError,
)
from fovea.files import imread, imwrite
from fovea.picture import Picture
from fovea.store import ModelInfo, list_models, load_model

__all__ = [
    "ArgumentError",
    "BaselineError",
    "BitstreamError",
    "ChecksumError",
    "Codec",
    "DatasetError",
    "DownloadError",
    "EngineError",
    "FoveaError",
    "ImageError",
    "LimitError",
    "ModelError",
    "ModelInfo",
    "Picture",
    "RecognizerError",
    "TruncatedError",
    "UnsupportedVersionError",
    "__version__",
    "decode",
    "encode",
    "imread",
    "imwrite",
    "list_models",
    "load_model",
]
