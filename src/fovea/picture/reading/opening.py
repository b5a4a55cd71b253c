"""Finding the format of an image file and opening it, without loading the pixels."""

import struct
from collections.abc import Callable
from typing import IO

from PIL import Image, UnidentifiedImageError

from fovea.bitstream import MAGIC
from fovea.picture.reading import plugins
from fovea.picture.reading.blp import open_blp
from fovea.picture.reading.icns import open_icns
from fovea.picture.reading.ico import open_ico
from fovea.picture.reading.png import open_png
from fovea.picture.reading.reasons import reason_of

# Pillow identifies these formats, but cannot decode them, or needs another program to do so. IPTC may contain any of
# them.
_NOT_DECODED = {"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"}

_OPENERS: dict[str, Callable[[IO[bytes], str], Image.Image]] = {
    "BLP": open_blp,
    "ICNS": open_icns,
    "ICO": open_ico,
    "PNG": open_png,
}


def decoded_formats() -> list[str]:
    """Return the formats that Pillow decodes without another program, including those of installed plugins."""
    Image.init()
    return [name for name in Image.ID if name not in _NOT_DECODED]


def open_image(file: IO[bytes]) -> Image.Image:
    """Open the image in a file. The name of the file does not matter.

    ``Image.open`` does the same, but warns about images above a size that only a global variable of Pillow can change,
    and refuses images of twice this size. The callers of this function have their own limit.

    Args:
        file: binary file that can seek. It must stay open.

    Returns:
        The image. Its pixels are not loaded.

    Raises:
        UnidentifiedImageError: the file has no known format. The message says why, if a reason is known.
        Exception: the plugins of Pillow raise errors of every kind.
    """
    reasons: list[str] = []
    image = _try_formats(file, reasons)
    if image is None and (plugin := plugins.plugin_for(_start_of(file))):
        plugin.register()
        image = _try_formats(file, reasons)
    if image is None and _start_of(file).startswith(MAGIC):
        raise UnidentifiedImageError(
            "the file is coded already: decode it with fovea decode, or fovea.decode in Python"
        )
    if image is None:
        reason = f" ({reasons[0]})" if reasons else ""
        raise UnidentifiedImageError(f"no image of a format that Pillow decodes{reason}")
    return image


def _try_formats(file: IO[bytes], reasons: list[str]) -> Image.Image | None:
    prefix = _start_of(file)
    for name in decoded_formats():
        opener, accept = Image.OPEN[name]
        accepted: bool | str = False
        try:
            accepted = accept(prefix) if accept else True
            if isinstance(accepted, str):  # a reason: this build of Pillow does not have the format
                reasons.append(accepted)
            elif accepted:
                file.seek(0)
                return _OPENERS.get(name, opener)(file, "")
        except (SyntaxError, IndexError, TypeError, struct.error) as error:  # the file does not have this format
            reasons += [f"{name}: {reason_of(error)}"] if accept and accepted else []
    return None


def _start_of(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(16)
