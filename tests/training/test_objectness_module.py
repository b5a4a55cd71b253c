"""Training of the objectness alone."""

import csv

import pytest
import torch
import yaml

from fovea.errors import FoveaError
from fovea.training import Checkpoint, Hardware, export_model, read_config, train

CPU = Hardware("cpu")

PART = "network.analysis.objectness."


@pytest.fixture
def finding_file(config_file, plain, quarters):
    """A training of objectness that starts from a network without it."""
    fields = yaml.safe_load(config_file.read_text())
    fields["architecture"]["objectness"] = 8
    fields |= {
        "loss": {"name": "objectness", "recognizer": str(quarters)},
        "start": str(plain), "patches": 160, "validate_every": 20, "learning_rate": 3e-3, "adam_learning_rate": 3e-3,
        "ema_decay": 0.5,
    }  # fmt: skip
    config_file.write_text(yaml.safe_dump(fields))
    return config_file


def test_objectness_learns_and_everything_else_stays_unchanged(finding_file, without_graphs, tmp_path):
    config = read_config(finding_file)
    weights = train(config, tmp_path / "run", hardware=CPU, progress=False)
    before, after = (Checkpoint.read(path).weights for path in (config.start, weights))
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert any(name.startswith(PART) for name in after)

    (log,) = (tmp_path / "run").glob("csv*/metrics.csv")
    losses = [float(row["validation/loss"]) for row in csv.DictReader(log.open()) if row["validation/loss"]]
    assert len(losses) == 8 and losses[-1] + 0.03 < losses[0] < 1.2

    model = export_model(weights, calibration=3)
    assert model.card["config"]["loss"]["name"] == "objectness"
    assert model.region == "found"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"architecture": "base"}, "no part that finds objects"),
        ({"data": {"images": ".", "on_device": True}, "architecture": "base-objectness"}, "data.on_device"),
    ],
)
def test_configurations_that_cannot_be_trained_are_refused(config_file, quarters, change, reason):
    fields = yaml.safe_load(config_file.read_text())
    fields |= {"loss": {"name": "objectness", "recognizer": str(quarters)}} | change
    config_file.write_text(yaml.safe_dump(fields))
    with pytest.raises(FoveaError, match=reason):
        read_config(config_file)


def test_a_missing_recognizer_is_named(finding_file, tmp_path):
    fields = yaml.safe_load(finding_file.read_text())
    fields["loss"]["recognizer"] = str(tmp_path / "nobody.onnx")
    finding_file.write_text(yaml.safe_dump(fields))
    with pytest.raises(FoveaError, match="nobody"):
        train(read_config(finding_file), tmp_path / "run", hardware=CPU, progress=False)
