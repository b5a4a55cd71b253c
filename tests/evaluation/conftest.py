"""A data set and a recognizer that fit each other, and one evaluation of them that many tests use."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fovea.cli.eval import eval_command
from fovea.evaluation.codecs import CodecUnderTest
from fovea.evaluation.curves import Curve
from fovea.evaluation.evaluate import Evaluation
from fovea.evaluation.gallery.gallery import Frame, Gallery
from fovea.evaluation.gallery.views import View
from fovea.evaluation.metrics import Metric
from fovea.evaluation.rate_accuracy import OriginalAccuracy, Point
from fovea.evaluation.specification import CodecSpec
from fovea.recognition import Score

from ..checkerboards import save_dataset, save_segmenter

KNOWN = np.array([0.1, 0.2, 0.4, 0.8])
"""Rates of the evaluation whose figures are known."""
QUALITIES = ("--qualities", "10,40,90", "--qualities", "jpeg=5,15,40,80")


@pytest.fixture(scope="session")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The semantic segmenter."""
    return save_segmenter(tmp_path_factory.mktemp("segmenter") / "areas.onnx")


@pytest.fixture(scope="session")
def masked_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of 6 images with masks, of objects so faint that coarse coding loses many."""
    return save_dataset(tmp_path_factory.mktemp("masked"), 6, contrast=(14, 24), masks=True)


@pytest.fixture(scope="session")
def quick_arguments(tmp_path_factory: pytest.TempPathFactory, checkers: Path) -> list[str]:
    """A quick run: 8 images, 2 codecs, 1 recognizer."""
    folder = tmp_path_factory.mktemp("quick")
    data = save_dataset(folder / "data", 8)
    chosen = ["--codecs", "jpeg,webp", "--recognizers", str(checkers), *QUALITIES]
    return ["--data", str(data), *chosen, "--out", str(folder / "out"), "-j", "1"]


@pytest.fixture(scope="session")
def quick_run(quick_arguments: list[str]) -> Path:
    """The folder of the report of the quick run."""
    result = CliRunner().invoke(eval_command, quick_arguments, catch_exceptions=False)
    page = Path(result.stdout.strip())
    assert page.name == "report.html"
    return page.parent


def _curve(rates: np.ndarray, scores: np.ndarray) -> Curve:
    noise = np.random.default_rng(1).normal(0, 0.01, (50, 1))
    return Curve(rates, scores, np.tile(rates, (50, 1)), scores + noise)


@pytest.fixture
def evaluation() -> Evaluation:
    """Three codecs, one recognizer: `half` takes half the bits of `plain`, `high` begins where those two almost end."""
    boxes = Metric("detector", "box")
    curves = {
        "plain": _curve(KNOWN, np.array([0.1, 0.2, 0.3, 0.4])),
        "half": _curve(KNOWN / 2, np.array([0.1, 0.2, 0.3, 0.4])),
        "high": _curve(KNOWN, np.array([0.3, 0.4, 0.45, 0.5])),
    }
    scores = {boxes: Score(*[0.3] * 6)}
    points = [Point(name, 50, 0.1, 30, 31, 5, 6, 2**20, scores) for name in curves]
    frame = Frame("original", "", np.zeros((8, 8, 3), np.uint8), {"detector": View("1 found")})
    return Evaluation(
        dataset="street",
        images=60,
        reference="labels",
        classes={"detector": (3, 5)},
        codecs=tuple(CodecUnderTest(CodecSpec(name), name, "1", (50,)) for name in curves),
        skipped={},
        anchor="plain",
        points=tuple(points),
        original_scores=scores,
        original_accuracy={boxes: OriginalAccuracy(0.5, np.full(50, 0.5))},
        curves={boxes: curves},
        best_sizes={},
        gallery=Gallery("a.png", (frame,)),
    )
