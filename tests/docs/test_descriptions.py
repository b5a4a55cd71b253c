"""What the pages say of descriptions of recognizers is what is read."""

import re
from typing import get_args

import pytest
import yaml

from .pages import PAGES, ROOT, blocks

pytest.importorskip("supervision")

from fovea.recognition.families import Description
from fovea.recognition.output_layouts import OutputLayout
from fovea.recognition.preprocessing import Preprocessing

SHOWN = [
    description
    for page in PAGES
    for block in blocks(page)
    if block.language == "yaml" and "\nread:" in block.text
    for description in block.text.split("\n---\n")
]


def test_there_is_a_description():
    assert SHOWN


@pytest.mark.parametrize("text", SHOWN)
def test_descriptions_are_valid(text):
    assert Description.model_validate(yaml.safe_load(text)).read.format in text


def test_every_key_is_on_the_page():
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    for kind in (Description, Preprocessing, *get_args(get_args(OutputLayout)[0])):
        for key in kind.model_fields:
            assert re.search(rf"`{key}\b", page), f"{kind.__name__}: {key}"
