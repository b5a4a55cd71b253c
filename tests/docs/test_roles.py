import importlib.util

import pytest

from .pages import ROOT

pytest.importorskip("griffe")
_spec = importlib.util.spec_from_file_location("roles", ROOT / "docs" / "extensions" / "roles.py")
roles = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(roles)


@pytest.mark.parametrize(
    ("docstring", "page"),
    [
        ("See :class:`Codec` and :func:`~fovea.encode`.", "See `Codec` and `fovea.encode`."),
        ("Example:\n    >>> 1", "Examples:\n    >>> 1"),
        ("Example::\n\n    code", "**Example**\n\n    code"),
        ("So it is called::\n\n    code", "So it is called:\n\n    code"),
        ("The errors.\n\n::\n\n    tree", "The errors.\n\n\n\n    tree"),
        ("Nothing to do: `a::b`.", "Nothing to do: `a::b`."),
    ],
)
def test_roles_become_markdown(docstring, page):
    assert roles.markdown(docstring) == page
