"""The name under which Fovea is installed, and its version."""

NAME = "fovea-codec"
"""The name of the distribution. On the package registry ``fovea`` belongs to somebody else."""

__version__ = "0.1.0"

REINSTALL = f"pip install --force-reinstall --no-deps --no-binary {NAME} {NAME}"
"""The command that installs Fovea once more, from its sources."""


def install(extra: str) -> str:
    """Return the command that installs Fovea with an extra.

    Args:
        extra: name of the extra, such as "eval".

    Example:
        >>> install("eval")
        "pip install 'fovea-codec[eval]'"
    """
    return f"pip install '{NAME}[{extra}]'"
