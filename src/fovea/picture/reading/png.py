"""PNG files with long texts or profiles, and with a transparent color.

Pillow refuses an image with a long text or profile, and only a global variable of Pillow changes the limit. Therefore
Pillow reads the file without its texts and profiles, and this module reads those that are needed.
"""

import io
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import numpy as np
from PIL import Image, PngImagePlugin

from fovea.errors import ImageError

_SIGNATURE_BYTES = 8
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_TEXT_NAMES = {b"XML:com.adobe.xmp": "xmp", b"Raw profile type exif": "Raw profile type exif"}
"""Names in ``info`` of the texts that are needed, by the keywords of the texts."""
_LONGEST_KEYWORD = 79
_MAX_CONTENT_BYTES = 2**26
"""Largest size of a decompressed text or profile in bytes, four times the limit of a ``.fov`` file."""


def open_png(file: IO[bytes], _filename: str) -> Image.Image:
    """Open a PNG file, and read its profile, XMP and EXIF into ``info``. Other texts are left out.

    Args:
        file: binary file that can seek. It must stay open.

    Returns:
        The image. Its pixels are not loaded.

    Raises:
        ImageError: the profile, XMP or EXIF is damaged or is decompressed to more than 64 MiB.
        Exception: Pillow raises errors of many kinds if the file is damaged or not a PNG.
    """
    chunks = [chunk for chunk in _chunks(file) if chunk.name in (*_TEXTS, b"iCCP")]
    image = PngImagePlugin.PngImageFile(io.BufferedReader(_FileWithoutChunks(file, chunks)), "")
    for chunk in reversed(chunks):  # the last chunk of a kind has precedence
        if (name := _name_of(chunk, file)) and name not in image.info:
            image.info[name] = _content_of(chunk, file, name)
    return image


def load_png(image: Any) -> Image.Image:
    """Load a PNG image.

    Pillow scales samples of few or many bits to 8 bits, but not the transparent color. This function corrects the
    transparent color, or replaces it by an alpha channel.

    Args:
        image: image that Pillow opened.

    Returns:
        The image, or another one with an alpha channel.
    """
    if not image.tile:
        image.load()
        return image  # type: ignore[no-any-return]
    layout, key = image.tile[0].args, image.info.get("transparency")
    if layout == "RGB;16B" and isinstance(key, tuple):
        return _load_with_wide_key(image, key)
    if layout in ("1", "L;2", "L;4", "L") and isinstance(key, int):
        largest = {"1": 1, "L;2": 3, "L;4": 15, "L": 255}[layout]
        image.info["transparency"] = (key & largest) * (255 // largest)
    image.load()
    return image.convert("LA") if layout == "LA;16B" else image  # type: ignore[no-any-return]


def _load_with_wide_key(image: Any, key: tuple[int, ...]) -> Image.Image:
    """Load an image of 16 bits per sample with a transparent color.

    Pillow keeps only the higher byte of each sample. The lower bytes are read in a second pass, because a pixel is
    transparent only if both bytes of all its samples are those of the transparent color.
    """
    image.fp.seek(0)
    lower = PngImagePlugin.PngImageFile(image.fp)
    lower.tile = [tile._replace(args="RGB;16L") for tile in lower.tile]
    transparent = (np.asarray(lower) == np.array(key) % 256).all(axis=2)
    image.load()
    transparent &= (np.asarray(image) == np.array(key) // 256).all(axis=2)
    result: Image.Image = image.copy()
    result.putalpha(Image.fromarray(np.where(transparent, np.uint8(0), np.uint8(255))))
    del result.info["transparency"]
    return result


class _Chunk(NamedTuple):
    """A chunk of a PNG file: the length of its data, its name, its data and a checksum.

    Attributes:
        name: name of four letters.
        start: position of the chunk in the file.
        length: length of its data in bytes.
    """

    name: bytes
    start: int
    length: int

    @property
    def end(self) -> int:
        """The position after the chunk."""
        return self.start + 12 + self.length


def _chunks(file: IO[bytes]) -> Iterator[_Chunk]:
    """Yield all complete chunks."""
    size = file.seek(0, io.SEEK_END)
    start = _SIGNATURE_BYTES
    while start + 12 <= size:
        file.seek(start)
        header = file.read(8)
        chunk = _Chunk(header[4:], start, int.from_bytes(header[:4], "big"))
        if chunk.end <= size:
            yield chunk
        start = chunk.end


def _name_of(chunk: _Chunk, file: IO[bytes]) -> str | None:
    """Return the name in ``info`` of the content of a chunk; None for a text that is not needed."""
    file.seek(chunk.start + 8)
    keyword = file.read(min(chunk.length, _LONGEST_KEYWORD + 1)).partition(b"\0")[0]
    return "icc_profile" if chunk.name == b"iCCP" else _TEXT_NAMES.get(keyword)


def _content_of(chunk: _Chunk, file: IO[bytes], name: str) -> bytes | str:
    """Return the content of a chunk as Pillow would put it into ``info``."""
    file.seek(chunk.start + 8)
    data, crc = file.read(chunk.length), file.read(4)
    if zlib.crc32(chunk.name + data).to_bytes(4, "big") != crc:
        raise ImageError(f"the {name} of this PNG is damaged")
    content = data.partition(b"\0")[2]
    if chunk.name == b"iTXt":
        compressed = content[:1] == b"\1"
        content = content[2:].split(b"\0", 2)[-1]  # after the language, and the keyword in that language
    else:
        compressed = chunk.name != b"tEXt"
        content = content[1:] if compressed else content
    block = _decompressed(content, name) if compressed else content
    return block if name in ("icc_profile", "xmp") else block.decode("latin-1")


def _decompressed(content: bytes, name: str) -> bytes:
    decompressor = zlib.decompressobj()
    try:
        block = decompressor.decompress(content, _MAX_CONTENT_BYTES)
    except zlib.error:  # viewers ignore damaged content, too
        return b""
    if decompressor.unconsumed_tail:
        raise ImageError(f"the {name} of this PNG is decompressed to more than {_MAX_CONTENT_BYTES} bytes")
    return block


class _FileWithoutChunks(io.RawIOBase):
    """A file without some of its chunks.

    Args:
        file: PNG file.
        chunks: chunks to leave out, in the order of the file.
    """

    def __init__(self, file: IO[bytes], chunks: list[_Chunk]) -> None:
        self._file = file
        self._starts, self._offsets = [0], [0]  # the positions of each remaining piece: here, and in the original file
        for chunk in chunks:
            self._starts.append(self._starts[-1] + chunk.start - self._offsets[-1])
            self._offsets.append(chunk.end)
        self._size = self._starts[-1] + file.seek(0, io.SEEK_END) - self._offsets[-1]
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        piece = bisect_right(self._starts, self._position) - 1
        ends = [*self._starts[1:], self._size]
        count = max(0, min(len(buffer), ends[piece] - self._position))
        self._file.seek(self._offsets[piece] + self._position - self._starts[piece])
        data = self._file.read(count)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
