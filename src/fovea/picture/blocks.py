"""Blocks of metadata, which Pillow and its users hold as values of several types."""

from PIL import Image


def metadata_bytes(block: object, encoding: str = "utf-8") -> bytes:
    """Return a block of metadata as bytes; empty if there is none, or if it is of a type that holds no block.

    Args:
        block: bytes of any kind, text, EXIF of Pillow, or anything else that a file or a user may have given.
        encoding: encoding of a text.

    Example:
        >>> metadata_bytes(bytearray(b"profile")), metadata_bytes("<x/>"), metadata_bytes((1, 2)), metadata_bytes(None)
        (b'profile', b'<x/>', b'', b'')
    """
    if isinstance(block, Image.Exif):
        return block.tobytes()
    if isinstance(block, str):
        return block.encode(encoding, "replace")
    return bytes(block) if isinstance(block, bytes | bytearray | memoryview) else b""
