"""The curves that are kept in the repository are those of the tables."""

import importlib.util
from xml.sax.saxutils import escape

import pytest

from .pages import ROOT

pytest.importorskip("matplotlib")
_spec = importlib.util.spec_from_file_location("curves", ROOT / "examples" / "curves.py")
curves = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(curves)


@pytest.mark.parametrize("name", curves.figures())
def test_a_figure_shows_the_table_of_today(name):
    drawn, title = curves.figures()[name]
    figure = (curves.FIGURES / name).read_text(encoding="utf-8")
    assert escape(curves.points(drawn)) in figure, f"{name} is out of date: python examples/curves.py"
    assert title in figure


def test_there_is_no_figure_that_nothing_draws():
    assert {path.name for path in curves.FIGURES.iterdir()} == set(curves.figures())
