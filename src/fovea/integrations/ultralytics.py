"""Ultralytics reads ``.fov`` files like images of other formats, in training, validation and prediction.

Example::

    from fovea.integrations.ultralytics import register
    from ultralytics import YOLO

    register()
    YOLO("yolo11n.pt").train(data="set.yaml")  # its folders hold .fov files

Ultralytics is not installed by any extra of Fovea: users install it themselves.
"""

import fovea.pillow  # noqa: F401  Ultralytics opens with Pillow what OpenCV does not read
from fovea.errors import FoveaError
from fovea.files import SUFFIX


def register() -> None:
    """Add ``.fov`` to the formats of Ultralytics, in this process and in processes that it forks.

    Where workers are spawned, as on Windows and macOS, call it at the top level of the program, outside
    ``if __name__ == "__main__":``, because workers run this part, too. The processes of a training on several GPUs are
    started in another way and do not know the format.

    Raises:
        FoveaError: Ultralytics takes no further formats: it is older than 8.4.190, the oldest version that is tested.
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
