"""Which format a file has, and the image in it; its pixels stay where they are until they are wanted."""

import struct
from collections.abc import Callable
from typing import IO

from PIL import Image, UnidentifiedImageError

from fovea.picture.reading import plugins
from fovea.picture.reading.png import open_png
from fovea.picture.reading.reasons import reason_of

# Pillow tells these by their first bytes, but decodes them not at all, or by another program that has to be there;
# IPTC may contain any of them.
_NOT_DECODED = {"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"}

_OWN_WAY: dict[str, Callable[[IO[bytes], str], Image.Image]] = {"PNG": open_png}


def decoded_formats() -> list[str]:
    """The formats that Pillow decodes by itself, its own and those that other packages have registered with it."""
    Image.init()
    return [name for name in Image.ID if name not in _NOT_DECODED]


def open_image(file: IO[bytes]) -> Image.Image:
    """The image in a file, of whatever name.

    ``Image.open`` does the same, but warns of images above a size that only a global variable of Pillow can change
    and refuses those of twice that; here the caller has a limit of its own.

    Args:
        file: Binary file that can seek. It has to stay open.

    Raises:
        UnidentifiedImageError: No format fits the file. The message says why not, as far as it is known.
        Exception: Pillow's plugins let errors of every kind through.
    """
    reasons: list[str] = []
    image = _try_formats(file, reasons)
    if image is None and (plugin := plugins.of_file(_start_of(file))):
        plugin.register()
        image = _try_formats(file, reasons)
    if image is None:
        known = f" ({reasons[0]})" if reasons else ""
        raise UnidentifiedImageError(f"no image of a format that Pillow decodes{known}")
    return image


def _try_formats(file: IO[bytes], reasons: list[str]) -> Image.Image | None:
    prefix = _start_of(file)
    for name in decoded_formats():
        opener, accept = Image.OPEN[name]
        accepted: bool | str = False
        try:
            accepted = accept(prefix) if accept else True
            if isinstance(accepted, str):  # this Pillow is built without the format
                reasons.append(accepted)
            elif accepted:
                file.seek(0)
                return _OWN_WAY.get(name, opener)(file, "")
        except (SyntaxError, IndexError, TypeError, struct.error) as error:  # so says a plugin that a file is not its
            reasons += [f"{name}: {reason_of(error)}"] if accept and accepted else []
    return None


def _start_of(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(16)
