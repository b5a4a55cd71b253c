"""Ultralytics trains on, validates with and predicts ``.fov`` files, as it does images of other formats.

Example::

    from fovea.integrations.ultralytics import register
    from ultralytics import YOLO

    register()
    YOLO("yolo11n.pt").train(data="set.yaml")  # its folders hold .fov files

Ultralytics is installed by its users.
"""

import fovea.pillow  # noqa: F401  Ultralytics opens with Pillow what OpenCV does not read
from fovea.errors import FoveaError
from fovea.files import SUFFIX


def register() -> None:
    """Add ``.fov`` to the formats of Ultralytics, in this process and those that it forks.

    Where workers are spawned, as on Windows and macOS, call it at the top of the program, outside ``if __name__ ==
    "__main__":``, which they run, too. The processes of a training on several GPUs are started in another way and do
    not know the format.

    Raises:
        FoveaError: Ultralytics is older than 8.4.190, which this is tested with.
    """
    import ultralytics.data.dataset
    import ultralytics.data.loaders
    import ultralytics.utils.patches
    from ultralytics.data.utils import IMG_FORMATS

    readers = (ultralytics.utils.patches, ultralytics.data.dataset, ultralytics.data.loaders)
    if not all(hasattr(reader, "PIL_FALLBACK_SUFFIXES") for reader in readers):
        raise FoveaError(f"Ultralytics {ultralytics.__version__} reads no further formats: install 8.4.190 or newer")
    IMG_FORMATS.add(SUFFIX.removeprefix("."))
    for reader in readers:
        if SUFFIX not in reader.PIL_FALLBACK_SUFFIXES:
            reader.PIL_FALLBACK_SUFFIXES += (SUFFIX,)
