import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fovea.bitstream.fields import FieldReader, checksum, varint
from fovea.errors import BitstreamError, ChecksumError, TruncatedError


@given(st.integers(0, 2**32 - 1))
def test_varint_round_trip(value):
    data = varint(value)
    reader = FieldReader(io.BytesIO(data + b"rest"))
    assert reader.varint() == value
    assert reader.position == len(data) == max(1, -(-value.bit_length() // 7))


@given(st.binary(min_size=5, max_size=6))
def test_no_number_has_two_forms(data):
    reader = FieldReader(io.BytesIO(data))
    try:
        value = reader.varint()
    except BitstreamError:
        return
    assert varint(value) == data[: reader.position]


@pytest.mark.parametrize("data", ["8000", "ff00", "8080808010", "ffffffffff", "808080808000"])
def test_long_forms_and_large_numbers_are_refused(data):
    with pytest.raises(BitstreamError, match="malformed number"):
        FieldReader(io.BytesIO(bytes.fromhex(data))).varint()


@pytest.mark.parametrize("value", [-1, 2**32])
def test_numbers_out_of_range_are_not_written(value):
    with pytest.raises(ValueError, match="does not fit"):
        varint(value)


def test_an_unfinished_number_is_truncated():
    with pytest.raises(TruncatedError):
        FieldReader(io.BytesIO(b"\x80")).varint()


def test_the_checksum_covers_all_that_was_read():
    data = b"some header"
    assert checksum(data) == zlib.crc32(data).to_bytes(4, "little")
    reader = FieldReader(io.BytesIO(data + checksum(data)))
    reader.take(4)
    reader.take(7)
    reader.expect_checksum()
    reader = FieldReader(io.BytesIO(b"Some header" + checksum(data)))
    reader.take(11)
    with pytest.raises(ChecksumError):
        reader.expect_checksum()
