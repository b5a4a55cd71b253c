"""Fovea: an image codec for machines.

Example:
    >>> import fovea, numpy as np
    >>> data = fovea.encode(np.zeros((30, 40, 3), np.uint8), quality=40)
    >>> fovea.decode(data).shape
    (30, 40, 3)
"""

from fovea.codec import Codec, decode, encode
from fovea.distribution import __version__
from fovea.errors import FoveaError

__all__ = ["Codec", "FoveaError", "__version__", "decode", "encode"]
