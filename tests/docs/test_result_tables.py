"""The tables of results in the documentation are those of the evaluations that are kept."""

import doctest
import importlib.util

import pytest

from .pages import ROOT

_spec = importlib.util.spec_from_file_location("result_tables", ROOT / "examples" / "result_tables.py")
result_tables = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(result_tables)


@pytest.mark.parametrize("page", result_tables.PAGES, ids=lambda page: page.name)
def test_a_page_shows_the_tables_of_today(page):
    text = page.read_text(encoding="utf-8")
    assert text == result_tables.written(text), f"{page} is out of date: python examples/result_tables.py"


def test_every_table_is_shown():
    pages = "".join(page.read_text(encoding="utf-8") for page in result_tables.PAGES)
    assert {mark["name"] for mark in result_tables.MARK.finditer(pages)} == set(result_tables.TABLES)


def test_a_cell_without_a_line_is_refused():
    table = result_tables.Table(
        "", {"a": {}}, {"b": {"figure": "bd_rate_percent"}}, {"lines": "views/pairs.csv", "codec": "none"}
    )
    with pytest.raises(ValueError, match="no line"):
        table.markdown()


@pytest.mark.parametrize(
    ("cells", "figure", "shown"),
    [
        (("-40.4", "-46", "3", ""), "bd_rate_percent", "−40 [−46, +3]"),
        (("0.6", "0.5", "", ""), "bits_ratio_keeping_98", "−40 [−50, ?]"),
        (("0.6", "", "", "2 of 5 recognizers"), "bits_ratio_keeping_95", "−40 (2 of 5)"),
        (("0.998", "0.9", "1.1", ""), "bits_ratio_keeping_95", "0 [−10, +10]"),
        (("0.3549", "", "", ""), "bpp_keeping_95", "0.35"),
        (("", "", "", "not reached"), "bpp_keeping_95", "–"),
        (("84.4", "80", "90", "accuracy 16–25 only"), "percent_kept_at_0.15_bpp", "84 [80, 90]"),
    ],
)
def test_figures(cells, figure, shown):
    line = dict(zip((figure, f"{figure}_low", f"{figure}_high", f"{figure}_note"), cells, strict=True))
    assert result_tables.shown(line, figure) == shown


def test_examples():
    assert not doctest.testmod(result_tables).failed
