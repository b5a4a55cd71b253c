"""imageio, and libraries that read images with it, such as scikit-image: importing this module adds ``.fov`` files.

Example::

    import fovea.integrations.imageio
    import imageio.v3 as iio

    iio.imwrite("photo.fov", pixels, quality=40)
    pixels = iio.imread("photo.fov")

The plugin of imageio for Pillow does the work, with the options of :mod:`fovea.pillow`.
"""

from imageio.config import FileExtension, extension_list, known_extensions

import fovea.pillow  # noqa: F401  it registers the format with Pillow
from fovea.files import SUFFIX

_FORMAT = FileExtension(name="Fovea image for machines", extension=SUFFIX, priority=["pillow"])

if SUFFIX not in known_extensions:
    extension_list.append(_FORMAT)
    known_extensions[SUFFIX] = [_FORMAT]
