"""The background that goes with each quality."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from fovea.store import save_model

from ..checkerboards import save_dataset
from ..evaluating import evaluating_here
from .conftest import read


@pytest.fixture
def backgrounds(script):
    for package in ("lightning", "pycocotools"):
        pytest.importorskip(package)
    return script("backgrounds")


@pytest.fixture
def measured(backgrounds):
    """Recognizer that needs fewer bits at background 0 below quality 50, and at background 100 above it."""
    from fovea.evaluation import Curve, OriginalAccuracy

    qualities = np.array(backgrounds.QUALITIES)
    scores = 0.5 + qualities / 200

    def curve(background: int) -> Curve:
        saved = (1 - background / 100) * np.where(qualities < 50, 0.3, -0.3)
        rates = 0.05 * np.exp(0.03 * qualities) * (1 - saved)
        return Curve(rates, scores, np.stack([rates] * 3), np.stack([scores] * 3))

    curves = {background: curve(background) for background in backgrounds.BACKGROUNDS}
    return backgrounds.Measured(curves, OriginalAccuracy(1.0, np.ones(3)))


def test_a_rule_is_interpolated_between_qualities_and_between_backgrounds(backgrounds, measured):
    curve = measured.following((0, 50, 100))
    at_45 = list(backgrounds.QUALITIES).index(45)
    low, high = (measured.curves[background].rates[at_45] for background in (40, 60))
    assert curve.rates[at_45] == pytest.approx(0.75 * low + 0.25 * high), "background 45"
    assert curve.rate_samples.shape == (3, len(backgrounds.QUALITIES))
    for background, expected in measured.curves.items():
        constant = measured.following((background,) * len(backgrounds.KNOTS))
        assert np.allclose(constant.rates, expected.rates) and np.allclose(constant.scores, expected.scores)


def test_the_best_rule_takes_the_fewest_bits(backgrounds, measured):
    rule = backgrounds.best_rule([measured])
    assert rule[0] == 0 and rule[-1] == 100
    everywhere, above = (measured.bits(rule, share)[0] for share in backgrounds.SHARES)
    assert everywhere < -5 and above < 5


def test_backgrounds(run, backgrounds, controlled_model, checkers: Path, monkeypatch, tmp_path: Path):
    for name, values in (("BACKGROUNDS", (0, 100)), ("QUALITIES", (10, 90)), ("KNOTS", (0, 100))):
        monkeypatch.setattr(backgrounds, name, values)
    data = save_dataset(tmp_path / "data", 6)
    images = data.with_suffix("")
    (tmp_path / "base.yaml").write_text(
        yaml.safe_dump(
            {
                "name": "run",
                "architecture": {"wide": 16, "wide_blocks": 1, "deep": 16, "deep_blocks": 1, "latent": 16, "hyper": 8}
                | {"prior": 16},
                "data": {
                    "images": str(images),
                    "annotations": str(data),
                    "validation_images": 3,
                    "patch": {"size": 64},
                },
                "loss": {"name": "mse"},
                "patches": 8,
            }
        )
    )
    save_model(controlled_model, tmp_path / "controlled.fovea")
    options = ("-r", checkers, "--limit", 2, "--cache", tmp_path / "cache.sqlite")
    with evaluating_here():
        rows = read(
            run("backgrounds", tmp_path / "controlled.fovea", tmp_path / "base.yaml", *options) / "backgrounds.csv"
        )
    assert [(row["background_at_0"], row["background_at_100"]) for row in rows[:2]] == [("0", "0"), ("100", "100")]
    assert len(rows) == 3 and rows[1]["bits_percent"] in ("0.0", "nan")
