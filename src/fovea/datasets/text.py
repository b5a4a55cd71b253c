"""Text files of labels, in the encodings that tools write."""

import json
from collections.abc import Callable
from pathlib import Path

from fovea.errors import DatasetError


def read_text(file: Path, encoding: Callable[[bytes], str] = json.detect_encoding) -> str:
    """Reads text in UTF-8, UTF-16 or UTF-32, with a byte order mark or without.

    Args:
        file: to read.
        encoding: tells it from the bytes of the file, where these do it in another way.

    Returns:
        The text, without the mark.

    Raises:
        DatasetError: the file cannot be read, or is no text in its encoding.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # a null byte in the name
        raise DatasetError(f"{file}: cannot be read: {error}") from error
    name = encoding(data)
    try:
        return data.decode(name)
    except (UnicodeError, LookupError) as error:
        raise DatasetError(f"{file}: cannot be read as text: {error}: save it as UTF-8") from error
