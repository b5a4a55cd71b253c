"""ICO files, whose images are PNG or BMP files of their own size."""

from typing import IO, Any

from PIL import BmpImagePlugin, IcoImagePlugin, Image, PngImagePlugin

_PNG = b"\x89PNG\r\n\x1a\n"


def open_ico(file: IO[bytes], _filename: str) -> Image.Image:
    """Open an ICO file. Its first image, the largest according to the list of images, is the one that is read.

    Args:
        file: binary file that can seek. It must stay open.

    Returns:
        The image. Its pixels are not loaded.

    Raises:
        Exception: Pillow raises errors of many kinds if the file is damaged or not an ICO.
    """
    return _Icon(file, "")


class _Icon(IcoImagePlugin.IcoImageFile):
    """An icon that is decoded when it is loaded.

    Pillow takes the size from the list of images, and decodes the image when the file is opened. The list cannot hold a
    side of more than 256 pixels, and may differ from the image.
    """

    def _open(self) -> None:
        file: Any = self.fp
        self.ico = IcoImagePlugin.IcoFile(file)
        del self.ico.entry[1:]  # Pillow would look for an image that has the size in the list
        self._mode = "RGBA"
        self._size = _size_of(file, self.ico.entry[0].offset)
        self.info["sizes"] = {self._size}


def _size_of(file: IO[bytes], start: int) -> tuple[int, int]:
    file.seek(start)
    is_png = file.read(len(_PNG)) == _PNG
    file.seek(start)
    if is_png:
        return PngImagePlugin.PngImageFile(file).size
    width, height = BmpImagePlugin.DibImageFile(file).size
    return width, height // 2  # the lower half is a mask
