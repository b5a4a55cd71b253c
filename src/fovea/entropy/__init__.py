"""Integer symbols to bytes and back: frequency tables and an rANS coder.

All probabilities are integers, so a stream does not depend on the machine that writes or reads it. Every
symbol comes with the index of its table; index 0 means "certainly zero" and costs neither bits nor time.

The coder exists twice, with exactly the same stream: in C, and in Python for places where the extension could
not be built. :data:`IMPLEMENTATION` says which one is in use, ``"c"`` or ``"python"``; the environment
variable ``FOVEA_ENTROPY=python`` forces the latter.

Example:
    >>> import numpy as np
    >>> tables = FrequencyTables.gaussian()
    >>> indexes = np.array([[0, 30, 40], [20, 0, 63]], np.uint8)
    >>> symbols = np.array([[0, -2, 5], [1, 0, 700]], np.int32)
    >>> encoder = Encoder(tables)
    >>> encoder.push(symbols, indexes)
    >>> data = encoder.finish()
    >>> decoder = Decoder(tables, data)
    >>> decoder.pop(indexes)
    array([[  0,  -2,   5],
           [  1,   0, 700]], dtype=int32)
    >>> decoder.finish()
"""

from fovea.entropy.coder import IMPLEMENTATION, Decoder, Encoder
from fovea.entropy.tables import FrequencyTables

__all__ = ["IMPLEMENTATION", "Decoder", "Encoder", "FrequencyTables"]
