"""The name under which Fovea is installed, and its version."""

NAME = "fovea-codec"
"""On the package registry, where ``fovea`` is somebody else's."""

__version__ = "0.1.0"


def install(extra: str) -> str:
    """The command that installs Fovea with what one part of it needs besides.

    Example:
        >>> install("eval")
        "pip install 'fovea-codec[eval]'"
    """
    return f"pip install '{NAME}[{extra}]'"
