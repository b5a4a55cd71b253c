"""Reading image files with Pillow, including files that Pillow cannot open, refuses without need, or misreads.

The module ``opening`` finds the format of a file, and ``loading`` loads its pixels correctly. Each of the other modules
is about the format that it is named after, except for ``plugins`` and ``reasons``.
"""

from fovea.picture.reading.loading import decoded_size, load, turned_by_decoder
from fovea.picture.reading.opening import decoded_formats, open_image
from fovea.picture.reading.plugins import register_installed
from fovea.picture.reading.reasons import raise_if_out_of_memory, reason_of

__all__ = [
    "decoded_formats",
    "decoded_size",
    "load",
    "open_image",
    "raise_if_out_of_memory",
    "reason_of",
    "register_installed",
    "turned_by_decoder",
]
