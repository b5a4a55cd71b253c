"""Entropy coding: frequency tables and an rANS coder that turn integer symbols into bytes and back.

All probabilities are integers, so a stream does not depend on the machine that writes or reads it. Each symbol has the
index of a frequency table. The symbols of index 0 are certainly zero, and cost neither bits nor time.

The coder exists twice, in C and in Python, and both write exactly the same stream. The one in Python is for machines on
which the C extension could not be built. :data:`IMPLEMENTATION` names the one in use, ``"c"`` or ``"python"``; the
environment variable ``FOVEA_ENTROPY=python`` forces the one in Python. :data:`MISSING` says why the extension cannot be
loaded. It is empty where the extension is in use, and where the environment forces Python.

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

from fovea.entropy.coder import IMPLEMENTATION, MISSING, Decoder, Encoder
from fovea.entropy.tables import FrequencyTables

__all__ = ["IMPLEMENTATION", "MISSING", "Decoder", "Encoder", "FrequencyTables"]
