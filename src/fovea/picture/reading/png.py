"""PNG files.

Pillow refuses a picture for a long comment or profile, with a limit that only a global variable of its changes. It
gets the file without them, and what is wanted of them is read here.
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
# By the key of a text, what Pillow calls it.
_WANTED = {b"XML:com.adobe.xmp": "xmp", b"Raw profile type exif": "Raw profile type exif"}
_LONGEST_KEY = 79
_LARGEST = 2**26
"""To which a text or profile is unpacked, in bytes: four times what a .fov file holds of each."""


def open_png(file: IO[bytes], _filename: str) -> Image.Image:
    """The image in a PNG file, with profile, XMP and EXIF in ``info``, wherever in the file they are; no other text.

    Raises:
        ImageError: One of them is damaged or unpacks to more than 64 MiB.
        Exception: What Pillow raises for a file that is no PNG or damaged.
    """
    chunks = [chunk for chunk in _chunks(file) if chunk.name in (*_TEXTS, b"iCCP")]
    image = PngImagePlugin.PngImageFile(io.BufferedReader(_Without(file, chunks)), "")
    for chunk in reversed(chunks):  # of several of a kind the last counts
        if (name := _name_of(chunk, file)) and name not in image.info:
            image.info[name] = _content_of(chunk, file, name)
    return image


def load_png(image: Any) -> Image.Image:
    """Load a PNG image.

    Returns:
        The image; with an alpha channel where Pillow would miss the transparent color: it does not scale it together
        with the samples.
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
    """Pillow keeps the higher byte of each sample; the lower ones, read as such, decide about the color, too."""
    image.fp.seek(0)
    lower = PngImagePlugin.PngImageFile(image.fp)
    lower.tile = [tile._replace(args="RGB;16L") for tile in lower.tile]
    same = (np.asarray(lower) == np.array(key) % 256).all(axis=2)
    image.load()
    same &= (np.asarray(image) == np.array(key) // 256).all(axis=2)
    result: Image.Image = image.copy()
    result.putalpha(Image.fromarray(np.where(same, np.uint8(0), np.uint8(255))))
    del result.info["transparency"]
    return result


class _Chunk(NamedTuple):
    name: bytes
    start: int
    """Of its length, which comes first."""
    length: int
    """Of its data."""

    @property
    def end(self) -> int:
        return self.start + 12 + self.length


def _chunks(file: IO[bytes]) -> Iterator[_Chunk]:
    """All chunks that are there in full."""
    size = file.seek(0, io.SEEK_END)
    start = _SIGNATURE_BYTES
    while start + 12 <= size:
        file.seek(start)
        head = file.read(8)
        chunk = _Chunk(head[4:], start, int.from_bytes(head[:4], "big"))
        if chunk.end <= size:
            yield chunk
        start = chunk.end


def _name_of(chunk: _Chunk, file: IO[bytes]) -> str | None:
    """What Pillow calls the content of a chunk in ``info``; None for a text that nobody wants."""
    file.seek(chunk.start + 8)
    key = file.read(min(chunk.length, _LONGEST_KEY + 1)).partition(b"\0")[0]
    return "icc_profile" if chunk.name == b"iCCP" else _WANTED.get(key)


def _content_of(chunk: _Chunk, file: IO[bytes], name: str) -> bytes | str:
    """What Pillow would put into ``info``."""
    file.seek(chunk.start + 8)
    data, crc = file.read(chunk.length), file.read(4)
    if zlib.crc32(chunk.name + data).to_bytes(4, "big") != crc:
        raise ImageError(f"{name} of this PNG is damaged")
    content = data.partition(b"\0")[2]
    if chunk.name == b"iTXt":
        packed = content[:1] == b"\1"
        content = content[2:].split(b"\0", 2)[-1]  # after the language, and the key in that language
    else:
        packed = chunk.name != b"tEXt"
        content = content[1:] if packed else content
    block = _unpacked(content, name) if packed else content
    return block if name in ("icc_profile", "xmp") else block.decode("latin-1")


def _unpacked(content: bytes, name: str) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        block = unpacker.decompress(content, _LARGEST)
    except zlib.error:  # viewers do without, too
        return b""
    if unpacker.unconsumed_tail:
        raise ImageError(f"{name} of this PNG unpacks to more than {_LARGEST} bytes")
    return block


class _Without(io.RawIOBase):
    """A file without some of its chunks."""

    def __init__(self, file: IO[bytes], chunks: list[_Chunk]) -> None:
        self._file = file
        self._starts, self._offsets = [0], [0]  # of each piece: here, and in the file
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
