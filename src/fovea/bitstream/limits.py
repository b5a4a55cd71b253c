"""The limits of a ``.fov`` file. They are checked before memory is allocated."""

MAX_SIDE = 2**17
"""Largest width and height, in pixels."""

MAX_PIXELS = 2**28
"""Largest width x height, in pixels: 268 megapixels."""

DEFAULT_MAX_PIXELS = 178_956_970
"""Largest width x height that is decoded unless the caller allows more. It is twice the limit at which Pillow warns."""

MAX_METADATA_BYTES = 2**24
"""Largest EXIF, ICC or XMP block, in bytes: 16 MiB each."""

TILE_UNIT = 64
"""Tile borders lie on multiples of this many pixels."""

DEFAULT_TILE_SIZE = 1024
"""Largest side of a tile that the encoder makes, in pixels."""

MAX_TILE_SIZE = 4096
"""Largest side of a tile that a file may have, in pixels: it bounds the memory that one tile can claim."""
