"""The ``.fov`` container: header, tiles, metadata, alpha, checksums and limits.

Bytes only: what is inside a tile is the business of :mod:`fovea.entropy`. ``docs/format.md`` has the format.
"""

from fovea.bitstream.container import Container, ContainerReader, read, read_header, write
from fovea.bitstream.grid import Box, TileGrid, check_inside
from fovea.bitstream.header import MAGIC, Header, Metadata, Mode
from fovea.bitstream.limits import (
    DEFAULT_MAX_PIXELS,
    DEFAULT_TILE_SIZE,
    MAX_METADATA_BYTES,
    MAX_PIXELS,
    MAX_SIDE,
    MAX_TILE_SIZE,
    TILE_UNIT,
)
from fovea.bitstream.source import OnDisk, Source, as_file

__all__ = [
    "DEFAULT_MAX_PIXELS",
    "DEFAULT_TILE_SIZE",
    "MAGIC",
    "MAX_METADATA_BYTES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "MAX_TILE_SIZE",
    "TILE_UNIT",
    "Box",
    "Container",
    "ContainerReader",
    "Header",
    "Metadata",
    "Mode",
    "OnDisk",
    "Source",
    "TileGrid",
    "as_file",
    "check_inside",
    "read",
    "read_header",
    "write",
]
