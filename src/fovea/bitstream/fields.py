"""The fields of a header: bytes, 32-bit checksums, and integers of variable length."""

import zlib
from typing import IO

from fovea.bitstream.source import read_exactly
from fovea.errors import BitstreamError, ChecksumError, TruncatedError

VARINT_BITS = 32
CHECKSUM_BYTES = 4


def checksum(data: bytes | bytearray) -> bytes:
    """Return the CRC-32 of ``data`` (as in zlib, PNG and gzip): four bytes, little-endian.

    Example:
        >>> checksum(b"123456789").hex()
        '2639f4cb'
    """
    return zlib.crc32(data).to_bytes(CHECKSUM_BYTES, "little")


def varint(value: int) -> bytes:
    """Return an integer as unsigned LEB128: seven bits per byte, lowest first, the top bit set on all but the last.

    Args:
        value: integer in [0, 2**32).

    Returns:
        One to five bytes.

    Raises:
        ValueError: the value is out of range.

    Example:
        >>> varint(300).hex()
        'ac02'
    """
    if not 0 <= value < 2**VARINT_BITS:
        raise ValueError(f"{value} does not fit a {VARINT_BITS}-bit varint")
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    data.append(value)
    return bytes(data)


class FieldReader:
    """Reads the fields of a header one after the other and keeps the checksum of all it has read.

    Args:
        file: binary file, placed at the header's first byte.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._checksum = 0
        self.position = 0

    def take(self, count: int) -> bytes:
        """Read exactly ``count`` bytes.

        Raises:
            TruncatedError: the file ends sooner.
        """
        data = read_exactly(self._file, count)
        if len(data) < count:
            raise TruncatedError("the file ends within its header: it is incomplete")
        self._checksum = zlib.crc32(data, self._checksum)
        self.position += count
        return data

    def byte(self) -> int:
        """Read one byte as an integer."""
        return self.take(1)[0]

    def varint(self) -> int:
        """Read an integer in the one form that :func:`varint` writes.

        Raises:
            BitstreamError: the form is longer than it needs to be, or the integer is 2**32 or more.
            TruncatedError: the file ends before.
        """
        value = 0
        for shift in range(0, VARINT_BITS, 7):
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                # A last byte of zero adds nothing: the same number has a shorter form.
                if value >= 2**VARINT_BITS or (byte == 0 and shift > 0):
                    break
                return value
        raise BitstreamError("the header holds a malformed number: the file is damaged")

    def expect_checksum(self) -> None:
        """Read a checksum and compare it with the checksum of all bytes before it.

        Raises:
            ChecksumError: they differ.
            TruncatedError: the file ends before.
        """
        computed = self._checksum.to_bytes(CHECKSUM_BYTES, "little")
        if self.take(CHECKSUM_BYTES) != computed:
            raise ChecksumError("the header does not match its checksum: the file is damaged")
