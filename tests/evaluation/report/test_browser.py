"""The page in a real browser."""

import html
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
DARK = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")


@pytest.fixture(scope="session")
def browser() -> str:
    """A browser of the Chromium family."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("needs Chromium")


def browse(browser: str, folder: Path, page: Path, *flags: str) -> str:
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [browser, *FLAGS, profile, "--window-size=1280,1600", *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.mark.parametrize(("flags", "bright"), [((), True), (DARK, False)], ids=["light", "dark"])
def test_follows_the_color_scheme(browser: str, tmp_path: Path, quick_run: Path, flags: tuple[str, ...], bright: bool):
    shot = tmp_path / "shot.png"
    browse(browser, tmp_path, quick_run / "report.html", f"--screenshot={shot}", *flags)
    pixels = np.asarray(Image.open(shot).convert("L"))
    assert (np.median(pixels) > 200) == bright
    assert (np.median(pixels) < 50) != bright
    assert pixels.std() > 5


@pytest.mark.parametrize("width", [360, 1200])
def test_fits_the_width(browser: str, tmp_path: Path, quick_run: Path, width: int):
    """Windows have a least width, frames have none."""
    page = tmp_path / "frame.html"
    content = html.escape((quick_run / "report.html").read_text())
    root = "this.contentDocument.documentElement"
    measure = f"document.body.title = {root}.scrollWidth - {root}.clientWidth"
    frame = f'<iframe style="width:{width}px" onload="{measure}" srcdoc="{content}"></iframe>'
    page.write_text(f"<body>{frame}")
    dom = browse(browser, tmp_path, page, "--dump-dom")
    assert '<body title="0">' in dom
