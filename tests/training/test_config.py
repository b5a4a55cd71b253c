import pytest
import yaml

from fovea.errors import FoveaError
from fovea.networks import ARCHITECTURES
from fovea.training.config import MseConfig, read_config

MINIMAL = {
    "name": "x",
    "architecture": "fovea-s",
    "data": {"images": "i"},
    "loss": {"name": "mse"},
    "patches": 10,
}
KNOBS = {
    "wide": 16, "wide_blocks": 1, "deep": 16, "deep_blocks": 1,
    "latent": 16, "hyper": 8, "prior": 16, "background": True,
}  # fmt: skip


def _read(tmp_path, **changes):
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(MINIMAL | changes))
    return read_config(path)


def test_defaults_and_named_architecture(tmp_path):
    config = _read(tmp_path)
    assert config.architecture == ARCHITECTURES["fovea-s"]
    assert config.loss == MseConfig(name="mse")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"patchs": 3}, "patchs"),
        ({"patches": 0}, "patches"),
        ({"architecture": "fovea-xxl"}, "choose fovea-s"),
        ({"loss": {"name": "mse", "background": 0.5}}, "background"),
        ({"loss": {"name": "object_mse", "background": 2}}, "background"),
        ({"loss": {"name": "object_mse", "background": [0, 1]}}, "above 0"),
        ({"loss": {"name": "ssim"}}, "loss"),
        ({"data": {"images": "i", "size": 100}}, "data.size"),
        ({"data": {}}, "either images"),
        ({"loss": {"name": "object_mse", "background": "knob"}}, "architecture.background"),
        ({"architecture": KNOBS}, "architecture.background"),
        ({"architecture": "fovea-s-objectness", "mask_weight": 0.1}, "without annotations"),
        ({"architecture": KNOBS | {"roi": True}}, "either given"),
        ({"architecture": KNOBS | {"kernel": 4}}, "odd"),
        ({"architecture": KNOBS | {"mean_steps": 3}}, "mean_steps"),
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
    with pytest.raises(FoveaError, match=r"bad\.yaml"):
        read_config(tmp_path / "bad.yaml")
