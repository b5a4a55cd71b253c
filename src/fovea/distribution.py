"""The name under which Fovea is installed, and its version."""

NAME = "fovea-codec"
"""The name of the distribution. On the package registry ``fovea`` belongs to somebody else."""

__version__ = "0.1.0"


def install(extra: str) -> str:
    """Return the command that installs Fovea with an extra.

    Args:
        extra: name of the extra, such as "eval".

    Example:
        >>> install("eval")
        "pip install 'fovea-codec[eval]'"
    """
    return f"pip install '{NAME}[{extra}]'"
