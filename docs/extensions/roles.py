"""Turns what docstrings mark for a reader of the source into Markdown, for the pages that are made from them."""

import re

import griffe

_RULES = (
    (re.compile(r":(?:class|meth|func|mod|data|attr|exc):`~?([\w.]+)`"), r"`\1`"),
    (re.compile(r"(?m)^Example:$"), "Examples:"),  # the heading under which ">>>" is shown as code
    (re.compile(r"(?m)^Example::$"), "**Example**"),
    (re.compile(r"(?m)^::$"), ""),
    (re.compile(r"(?m)(?<=\w)::$"), ":"),
)


def markdown(text: str) -> str:
    """Return a docstring as Markdown.

    Args:
        text: docstring with roles such as ``:class:`Codec```, and two colons before a block of code.

    Example:
        >>> markdown("As :meth:`Codec.encode` does::")
        'As `Codec.encode` does:'
    """
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


class Roles(griffe.Extension):
    """Rewrites each docstring before it is shown."""

    def on_package(self, *, pkg: griffe.Module, **_: object) -> None:
        """Rewrite the docstrings of a package and of all that it holds."""
        _rewrite(pkg)


def _rewrite(part: griffe.Object) -> None:
    if part.docstring:
        part.docstring.value = markdown(part.docstring.value)
    for member in part.members.values():
        if isinstance(member, griffe.Object):  # and no alias of what is defined elsewhere
            _rewrite(member)
