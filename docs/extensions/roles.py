"""Turns what docstrings mark for a reader of the source into Markdown, for the pages that are made from them."""

import re

import griffe

_ROLE = re.compile(r":(?:class|meth|func|mod|data|attr|exc):`~?([\w.]+)`")
_LONE_COLONS = re.compile(r"(?m)^::$")
_COLONS = re.compile(r"(?m)(?<=\w)::$")


def markdown(text: str) -> str:
    """Return a docstring as Markdown.

    Args:
        text: docstring with roles such as ``:class:`Codec```, and two colons before a block of code.

    Example:
        >>> markdown("As :meth:`Codec.encode` does::")
        'As `Codec.encode` does:'
    """
    return _COLONS.sub(":", _LONE_COLONS.sub("", _ROLE.sub(r"`\1`", text)))


class Roles(griffe.Extension):
    """Rewrites each docstring before it is shown."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Rewrite the docstring of one module, class, function or attribute."""
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)
