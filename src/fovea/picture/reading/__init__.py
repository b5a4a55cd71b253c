"""Reading image files with Pillow: what it cannot open, what it refuses without need, and what it gets wrong.

``opening`` finds the format of a file, ``loading`` gives its pixels as the file means them. What has to be known of a
format is in the module of its name.
"""

from fovea.picture.reading.loading import load
from fovea.picture.reading.opening import decoded_formats, open_image
from fovea.picture.reading.plugins import register_installed
from fovea.picture.reading.reasons import raise_if_out_of_memory, reason_of

__all__ = ["decoded_formats", "load", "open_image", "raise_if_out_of_memory", "reason_of", "register_installed"]
