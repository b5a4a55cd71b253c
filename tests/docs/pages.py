"""The pages of the documentation, and what is cut out of them."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))]
)
OTHERS = [ROOT / name for name in ("CHANGELOG.md", "benchmarks/README.md", "checkpoints/README.md")]
"""Pages about the repository."""
RUN = "<!-- run -->"
"""What stands above a block that the tests run."""

_FENCE = re.compile(r"(?ms)^(<!-- run -->\n)?```(\w*)\n(.*?)^```$")


class Block(NamedTuple):
    """A block of code on a page: its language, its text, and whether it is marked to be run."""

    language: str
    text: str
    runs: bool


def blocks(page):
    return [Block(match[2], match[3], bool(match[1])) for match in _FENCE.finditer(page.read_text(encoding="utf-8"))]


def prose(page):
    """A page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def name(page):
    return str(page.relative_to(ROOT))
