import pytest

from .pages import OTHERS, PAGES, name

WIDTH = 120


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=name)
def test_lines_are_no_longer_than_120_columns(page):
    long = [
        f"{page}:{number}"
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > WIDTH and "![" not in line and "://" not in line
    ]
    assert not long


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pages_name_no_version_of_a_model(page):
    assert ".v1" not in page.read_text(encoding="utf-8")
