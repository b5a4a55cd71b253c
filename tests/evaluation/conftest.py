"""A data set and a recognizer that fit each other, and one evaluation of them that many tests look at."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from fovea.cli.eval import eval_command

from ..checkerboards import save_dataset, save_segmenter

QUALITIES = ("--qualities", "10,40,90", "--qualities", "jpeg=5,15,40,80")


@pytest.fixture(scope="session")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The semantic segmenter."""
    return save_segmenter(tmp_path_factory.mktemp("segmenter") / "areas.onnx")


@pytest.fixture(scope="session")
def masked_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of 6 images with masks, of objects so faint that coarse coding loses many."""
    return save_dataset(tmp_path_factory.mktemp("masked"), 6, contrast=(14, 24), masks=True)


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., Path]:
    """Writes a data set of so many images, with boxes only or with masks."""
    return lambda images, masks=False: save_dataset(tmp_path / "data", images, masks=masks)


@pytest.fixture(scope="session")
def quick_arguments(tmp_path_factory: pytest.TempPathFactory, checkers: Path) -> list[str]:
    """A quick run: 8 images, 2 codecs, 1 recognizer."""
    folder = tmp_path_factory.mktemp("quick")
    data = save_dataset(folder / "data", 8)
    chosen = ["--codecs", "jpeg,webp", "--recognizers", str(checkers), *QUALITIES]
    return ["--data", str(data), *chosen, "--out", str(folder / "out"), "-j", "1"]


@pytest.fixture(scope="session")
def quick_run(quick_arguments: list[str]) -> Path:
    """The folder that the quick run wrote."""
    result = CliRunner().invoke(eval_command, quick_arguments, catch_exceptions=False)
    page = Path(result.stdout.strip())
    assert page.name == "report.html"
    return page.parent
