"""Writes and reads whole ``.fov`` files, or only those parts of a file that are needed."""

import io
from dataclasses import dataclass, field
from typing import NamedTuple

from fovea.bitstream.fields import CHECKSUM_BYTES, FieldReader, checksum, varint
from fovea.bitstream.header import EXTRAS, Header, Metadata, check_metadata_size, read_fields, write_fields
from fovea.bitstream.source import Source, as_file, read_exactly
from fovea.errors import BitstreamError, ChecksumError, TruncatedError
from fovea.forks import Lock


@dataclass(frozen=True)
class Container:
    """The content of a ``.fov`` file.

    Args:
        header: the header.
        tiles: coded tiles, one for each of ``header.grid``.
        metadata: EXIF, ICC and XMP.
        alpha: coded alpha plane, where ``header.mode`` has one.

    Raises:
        BitstreamError: tiles or alpha do not fit the header.
    """

    header: Header
    tiles: tuple[bytes, ...]
    metadata: Metadata = field(default_factory=Metadata)
    alpha: bytes | None = None

    def __post_init__(self) -> None:
        if len(self.tiles) != self.header.grid.tiles:
            raise BitstreamError(f"{len(self.tiles)} tiles where the grid has {self.header.grid.tiles}")
        if bool(self.alpha) != self.header.has_alpha:
            raise BitstreamError(f"mode {self.header.mode} and the alpha plane do not fit")


def write(container: Container) -> bytes:
    """Return the bytes of a ``.fov`` file.

    Args:
        container: the content of the file.

    Returns:
        The whole file.

    Example:
        >>> data = write(Container(Header(bytes(8), 640, 480, quality=50), (b"tile",)))
        >>> len(data), read(data).tiles
        (35, (b'tile',))
    """
    metadata = container.metadata
    parts = (metadata.exif, metadata.icc, metadata.xmp, container.alpha)
    extras = {name: part for name, part in zip(EXTRAS, parts, strict=True) if part}
    blocks = [*extras.values(), *container.tiles]

    head = bytearray(write_fields(container.header, extras))
    for block in blocks:
        head += varint(len(block)) + checksum(block)
    head += checksum(head)
    return b"".join([head, *blocks])


class ContainerReader:
    """A ``.fov`` file whose header is read at once, and any other part when it is asked for.

    Every part is checked against its checksum when it is read. Several threads may read from one reader.

    Args:
        source: the file. An open file must stay open, and nothing else may read from it meanwhile. A file that cannot
            seek is read to its end.

    Raises:
        BitstreamError: this is no valid ``.fov`` file; one of its subclasses says more.
        TypeError: the source is neither bytes nor an open binary file; it may be a path.

    Example:
        >>> reader = ContainerReader(write(Container(Header(bytes(8), 640, 480, quality=50), (b"tile",))))
        >>> reader.header.width, reader.tile(0)
        (640, b'tile')
    """

    header: Header
    """The header of the file."""

    def __init__(self, source: Source) -> None:
        file = as_file(source)
        file.seek(0, io.SEEK_END)
        size = file.tell()  # seek() of a memory map returns nothing before Python 3.13
        file.seek(0)
        self._file, self._lock = file, Lock()
        fields = FieldReader(file)
        self.header, self._extras = read_fields(fields)
        blocks = len(self._extras) + self.header.grid.tiles
        # A forged size can ask for many tiles: before their index is read, the file must be long enough to hold it.
        if size < fields.position + blocks * (1 + CHECKSUM_BYTES) + CHECKSUM_BYTES:
            raise TruncatedError(f"{size} bytes are too few for the {blocks} parts of this file")
        index = [(fields.varint(), fields.take(CHECKSUM_BYTES)) for _ in range(blocks)]
        fields.expect_checksum()

        self._blocks: list[_Block] = []
        end = fields.position
        for length, crc in index:
            self._blocks.append(_Block(end, length, crc))
            end += length
        for name, block in zip(self._extras, self._blocks, strict=False):
            if block.length == 0:
                raise BitstreamError(f"the header announces {name} but gives it no bytes")
            if name != "alpha":
                check_metadata_size(name, block.length)
        if size < end:
            raise TruncatedError(f"the file ends after {size} of {end} bytes: it is incomplete")
        if size > end:
            raise BitstreamError(f"{size - end} bytes follow the end of the picture: the file is damaged")

    def tile(self, number: int) -> bytes:
        """Return the bytes of one coded tile.

        Args:
            number: number of the tile in ``header.grid``, from 0.

        Returns:
            The bytes that the entropy coder wrote.

        Raises:
            ChecksumError: the bytes are damaged.
            IndexError: there is no such tile.
        """
        if not 0 <= number < self.header.grid.tiles:
            raise IndexError(f"tile {number} of {self.header.grid.tiles}")
        return self._read(f"tile {number}", self._blocks[len(self._extras) + number])

    def metadata(self) -> Metadata:
        """Return EXIF, ICC and XMP of the file; empty where it has none.

        Raises:
            ChecksumError: the bytes are damaged.
        """
        return Metadata(*(self._extra(name) for name in ("EXIF", "ICC", "XMP")))

    def alpha(self) -> bytes | None:
        """Return the coded alpha plane, or None where the picture has none.

        Raises:
            ChecksumError: the bytes are damaged.
        """
        return self._extra("alpha") or None

    def _extra(self, name: str) -> bytes:
        return self._read(name, self._blocks[self._extras.index(name)]) if name in self._extras else b""

    def _read(self, name: str, block: "_Block") -> bytes:
        with self._lock:
            self._file.seek(block.offset)
            data = read_exactly(self._file, block.length)
        if checksum(data) != block.checksum:
            raise ChecksumError(f"{name} does not match its checksum: the file is damaged")
        return data


class _Block(NamedTuple):
    offset: int
    length: int
    checksum: bytes


def read(source: Source) -> Container:
    """Read the whole content of a ``.fov`` file, and check it.

    Args:
        source: the file, or its bytes.

    Returns:
        The content that :func:`write` was given.

    Raises:
        BitstreamError: this is no valid ``.fov`` file; one of its subclasses says more.
    """
    reader = ContainerReader(source)
    tiles = tuple(map(reader.tile, range(reader.header.grid.tiles)))
    return Container(reader.header, tiles, reader.metadata(), reader.alpha())


def read_header(source: Source) -> Header:
    """Read the header of a ``.fov`` file; no tile is read.

    Args:
        source: the file, or its bytes.

    Returns:
        The header. The length of the file is checked against it.

    Raises:
        BitstreamError: this is no valid ``.fov`` file; one of its subclasses says more.
    """
    return ContainerReader(source).header
