"""Training of a finder, from pictures to the ONNX file."""

import csv

import pytest
import torch
import yaml

from fovea.errors import ArgumentError, FoveaError
from fovea.training import Checkpoint, FinderTrainingConfig, Hardware, load_checkpoint, load_finder, read_run, train
from fovea.training.finder.module import presence_bits

CPU = Hardware("cpu")


def test_training_ends_in_a_finder(finder_config, tmp_path):
    with pytest.raises(ArgumentError, match="on one device, not on 2"):
        train(finder_config, tmp_path / "run", hardware=Hardware("cpu", devices=2))
    weights = train(finder_config, tmp_path / "run", hardware=CPU, progress=False)
    (log,) = (tmp_path / "run").glob("csv*/metrics.csv")
    assert [row for row in csv.DictReader(log.open()) if row["validation/loss"]]
    assert load_finder(weights)(torch.zeros(1, 3, 64, 32)).shape == (1, 1, 8, 4)
    longer = finder_config.model_copy(update={"patches": 16})
    assert train(longer, tmp_path / "run", resume=True, hardware=CPU, progress=False) == weights
    assert Checkpoint.read(weights).step == 4
    with pytest.raises(FoveaError, match=r"weights\.ckpt"):
        load_checkpoint(weights)


def test_a_position_that_an_object_touches_counts_as_a_whole():
    presence = torch.zeros(1, 1, 32, 32)
    presence[:, :, 9, 23] = 1
    touched = torch.full((1, 1, 4, 4), -20.0)
    touched[:, :, 1, 2] = 20.0
    assert presence_bits(touched, presence) < 1e-4
    assert presence_bits(-touched, presence) > 10
    assert presence_bits(touched.flip(3), presence, 3.0) > presence_bits(touched.flip(3), presence)


def test_configurations_of_codecs_and_finders_are_told_apart(finder_config, config_file, tmp_path):
    path = tmp_path / "finder.yaml"
    path.write_text(yaml.safe_dump(finder_config.model_dump(mode="json")))
    assert read_run(path) == finder_config and read_run(path).needs_recognizer
    assert not isinstance(read_run(config_file), FinderTrainingConfig)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": {"width": 8}}, "unknown key 'width'"),
        ({"data": {"images": ".", "on_device": True}}, "data.on_device"),
        ({"teachers": []}, "teachers"),
    ],
)
def test_mistakes_are_named(finder_config, change, message, tmp_path):
    path = tmp_path / "finder.yaml"
    path.write_text(yaml.safe_dump(finder_config.model_dump(mode="json") | change))
    with pytest.raises(FoveaError, match=message) as error:
        read_run(path)
    assert "finder.yaml" in str(error.value)
