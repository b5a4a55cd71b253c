"""The meaning of the errors of Pillow."""


def reason_of(error: BaseException) -> str:
    r"""Return the message of an error as one line that is never empty.

    Example:
        >>> reason_of(ValueError("two\nlines")), reason_of(EOFError())
        ('two lines', 'EOFError')
    """
    reason = getattr(error, "strerror", None) or str(error)
    return " ".join(reason.split()) or type(error).__name__


def raise_if_out_of_memory(error: Exception) -> None:
    """Raise ``MemoryError`` if an error reports a lack of memory. Pillow reports both this and damage as ``OSError``.

    Args:
        error: error of Pillow.

    Raises:
        MemoryError: the error is of this type, or its message says that there is not enough memory.
    """
    if isinstance(error, MemoryError):
        raise error
    if isinstance(error, OSError) and any(text in str(error) for text in ("out of memory", "decoder error -9")):
        raise MemoryError(str(error)) from error
