from pathlib import Path

import pytest
import yaml

from fovea.errors import FoveaError
from fovea.networks import ARCHITECTURES
from fovea.training import SegmenterConfig, read_config, read_run, read_yaml
from fovea.training.losses.config import MseConfig

CONFIGS = Path(__file__).resolve().parents[2] / "configs"

MINIMAL = {
    "name": "x",
    "architecture": "base",
    "data": {"images": "i"},
    "loss": {"name": "mse"},
    "patches": 10,
}
BOTH_CONTROLS = {
    "wide": 16, "wide_blocks": 1, "deep": 16, "deep_blocks": 1,
    "latent": 16, "hyper": 8, "prior": 16, "background": True,
}  # fmt: skip


def _read(tmp_path, **changes):
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(MINIMAL | changes))
    return read_config(path)


def test_defaults_and_named_architecture(tmp_path):
    config = _read(tmp_path)
    assert config.architecture == ARCHITECTURES["base"]
    assert config.loss == MseConfig(name="mse")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"patchs": 3}, "unknown key 'patchs': the keys are name, data, patches, batch_size"),
        (
            {"data": {"images": "i", "patch": {"scale": [1, 1]}}},
            "data.patch: unknown key 'scale': the keys are size, scale_jit",
        ),
        ({"loss": {"name": "object_mse", "background": 0.5}}, "loss.object_mse: unknown key .*background_weight"),
        ({"architecture": BOTH_CONTROLS | {"width": 4}}, "architecture: unknown key 'width': the keys are wide,"),
        ({"architecture": BOTH_CONTROLS | {"decoder": {"depth": 4}}}, "unknown key 'depth': the keys are wide,"),
        ({"patches": 0}, "patches"),
        ({"architecture": "fovea-xxl"}, "choose base"),
        ({"loss": {"name": "mse", "background_weight": 0.5}}, "background"),
        ({"loss": {"name": "object_mse", "background_weight": 2}}, "background"),
        ({"loss": {"name": "object_mse", "background_weight": [0, 1]}}, "above 0"),
        ({"loss": {"name": "ssim"}}, "loss"),
        ({"data": {"images": "i", "patch": {"size": 100}}}, "data.patch.size"),
        ({"data": {}}, "either images"),
        ({"loss": {"name": "object_mse", "background_weight": "variable"}}, "architecture.background"),
        ({"architecture": BOTH_CONTROLS}, "architecture.background"),
        ({"architecture": "base-objectness", "mask_weight": 0.1}, "without annotations"),
        ({"architecture": BOTH_CONTROLS | {"roi": True}}, "exclude each other"),
        ({"architecture": BOTH_CONTROLS | {"kernel": 4}}, "odd"),
        ({"architecture": BOTH_CONTROLS | {"mean_steps": 3}}, "mean_steps"),
    ],
)
def test_mistakes_are_named(changes, message, tmp_path):
    with pytest.raises(FoveaError, match=message) as error:
        _read(tmp_path, **changes)
    assert "run.yaml" in str(error.value)


def test_missing_and_unreadable_files(tmp_path):
    with pytest.raises(FoveaError, match=r"absent\.yaml"):
        read_config(tmp_path / "absent.yaml")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(FoveaError, match=r"bad\.yaml: cannot be read as YAML") as error:
        read_config(tmp_path / "bad.yaml")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_configurations_of_the_project_are_valid(path):
    segmenter = path.stem.startswith("segmenter")
    config = read_yaml(path, SegmenterConfig) if segmenter else read_run(path)
    assert config.name == path.stem


def _write(folder, **files):
    for name, fields in files.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(fields))


def test_fields_are_laid_over_those_of_the_extended_file(tmp_path):
    patch = {"data": {"patch": {"size": 128, "cutmix": 0.5}}}
    _write(
        tmp_path,
        first=MINIMAL | {"data": {"images": "i", "patch": {"size": 64, "scale_jitter": [0.5, 1.0]}}},
        second={"extends": "first.yaml", "loss": {"name": "object_mse"}, **patch},
        third={"extends": "second.yaml", "name": "y", "data": {"patch": {"scale_jitter": [1.0, 1.0]}}},
    )
    config = read_config(tmp_path / "third.yaml")
    assert (config.name, config.loss.name, config.patches) == ("y", "object_mse", MINIMAL["patches"])
    patch = config.data.patch
    assert (config.data.images, patch.size, patch.cutmix, patch.scale_jitter) == (Path("i"), 128, 0.5, (1.0, 1.0))


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("run.yaml", "run.yaml: extends: the file extends itself"),
        ("other/run.yaml", "run.yaml: extends: 'other/run.yaml' is not the name of a file in the same folder"),
        (3, "run.yaml: extends: 3 is not the name of a file"),
        ("", "run.yaml: extends: '' is not the name of a file"),
        ("absent.yaml", "absent.yaml: cannot be read"),
    ],
)
def test_a_wrong_extends_is_an_error(tmp_path, extends, message):
    with pytest.raises(FoveaError, match=message):
        _read(tmp_path, extends=extends)


def test_the_branches_of_the_second_generation_differ_in_their_loss_alone():
    pixels, features, task = (
        read_config(CONFIGS / f"{name}.yaml") for name in ("fovea-s2-pixels", "fovea-s2", "fovea-s2-task")
    )
    for branch in (features, task):
        assert branch.model_copy(update={"name": pixels.name, "loss": pixels.loss}) == pixels
