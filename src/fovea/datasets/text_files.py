"""Text files of labels, in the encodings that labeling tools write."""

import json
from collections.abc import Callable
from pathlib import Path

from fovea.errors import DatasetError


def read_text(file: Path, encoding: Callable[[bytes], str] = json.detect_encoding) -> str:
    """Read a text in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Args:
        file: path of the file.
        encoding: function that finds the encoding from the bytes of the file, for formats that declare it themselves.

    Returns:
        The text, without the byte order mark.

    Raises:
        DatasetError: the file cannot be read, or is no text in its encoding.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DatasetError(f"cannot be read: {error.strerror or error}", path=file) from error
    except ValueError as error:  # a null byte in the name
        raise DatasetError(f"cannot be read: {error}", path=file) from error
    name = encoding(data)
    try:
        return data.decode(name)
    except (UnicodeError, LookupError) as error:
        raise DatasetError(f"cannot be read as text: {error}: save it as UTF-8", path=file) from error
