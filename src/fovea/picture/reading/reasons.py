"""What Pillow's errors say."""


def reason_of(error: BaseException) -> str:
    r"""An error in one line, which is never empty.

    Example:
        >>> reason_of(ValueError("two\nlines")), reason_of(EOFError())
        ('two lines', 'EOFError')
    """
    reason = getattr(error, "strerror", None) or str(error)
    return " ".join(reason.split()) or type(error).__name__


def raise_if_out_of_memory(error: Exception) -> None:
    """Tell that memory runs out from damage: Pillow's decoders report both as an ``OSError``.

    Raises:
        MemoryError: The error, if it is one or says so.
    """
    if isinstance(error, MemoryError):
        raise error
    if isinstance(error, OSError) and any(said in str(error) for said in ("out of memory", "decoder error -9")):
        raise MemoryError(str(error)) from error
