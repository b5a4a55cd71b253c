"""Checkpoint files: what they hold, and that loading one never runs code."""

import pickle
from pathlib import Path

import pytest
import torch

from fovea.errors import FoveaError
from fovea.training import Checkpoint, Hardware, export_model, load_checkpoint, load_finder, read_config, train

CPU = Hardware("cpu")
KEPT = sorted((Path(__file__).resolve().parents[2] / "checkpoints").glob("*.ckpt"))


def test_files_hold_what_was_written_with_weights_in_16_bits(tmp_path):
    weights = {"a": torch.tensor([0.5, 1 / 3]), "count": torch.tensor(70_000)}
    config, earlier = {"name": "x", "nested": {"list": [1, None]}}, ({"name": "w", "patches": 8},)
    Checkpoint(config, 12, 0.5, weights, earlier).write(tmp_path / "x.ckpt")
    read = Checkpoint.read(tmp_path / "x.ckpt")
    assert (read.config, read.step, read.hours, read.earlier) == (config, 12, 0.5, earlier)
    assert read.weights["a"].dtype == torch.float16 and torch.equal(read.weights["a"], weights["a"].half())
    assert read.weights["count"] == 70_000


class _Code:
    """Pickled, this makes a file when it is loaded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


def _saved_by_torch(path: Path, code: _Code) -> None:
    torch.save({"state_dict": {}, "global_step": 0, "hyper_parameters": {"config": {}}, "extra": code}, path)


def _pickled(path: Path, code: _Code) -> None:
    path.write_bytes(pickle.dumps(code))


@pytest.fixture(params=[_saved_by_torch, _pickled])
def malicious(request, tmp_path):
    """A checkpoint that makes the file ``code-ran`` beside it when it is loaded as any pickle."""
    path = tmp_path / "malicious" / "last.ckpt"
    path.parent.mkdir()
    request.param(path, _Code(path.with_name("code-ran")))
    return path


def test_the_malicious_file_would_run_code(malicious):
    if malicious.read_bytes()[:2] == b"PK":
        torch.load(malicious, weights_only=False)
    else:
        pickle.loads(malicious.read_bytes())
    assert malicious.with_name("code-ran").exists()


@pytest.mark.parametrize("way", ["export", "start", "resume"])
def test_code_in_a_checkpoint_is_refused_and_never_runs(way, malicious, config_file, tmp_path):
    config = read_config(config_file)
    with pytest.raises(FoveaError, match="is no checkpoint of tensors and plain values") as error:
        if way == "export":
            export_model(malicious)
        elif way == "start":
            train(config.model_copy(update={"start": malicious}), tmp_path / "run", hardware=CPU, progress=False)
        else:
            train(config, malicious.parent, resume=True, hardware=CPU, progress=False)
    assert str(error.value).startswith(f"{malicious}: ") and "\n" not in str(error.value)
    assert not malicious.with_name("code-ran").exists()


@pytest.mark.parametrize("content", [{"state_dict": {}}, [1, 2], {"global_step": 1, "hyper_parameters": None}])
def test_other_files_are_refused(content, tmp_path):
    torch.save(content, tmp_path / "x.ckpt")
    with pytest.raises(FoveaError, match=r"x\.ckpt: is no checkpoint of a training"):
        Checkpoint.read(tmp_path / "x.ckpt")


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FoveaError, match=r"x\.ckpt: cannot be read: No such file"):
        Checkpoint.read(tmp_path / "x.ckpt")


def test_configurations_and_weights_that_do_not_fit_are_named(config_file, tmp_path):
    config = read_config(config_file)
    Checkpoint(config.model_dump(mode="json"), 1, 0.0, {"other": torch.zeros(1)}).write(tmp_path / "x.ckpt")
    with pytest.raises(FoveaError, match=r"x\.ckpt: its weights do not fit its configuration"):
        load_checkpoint(tmp_path / "x.ckpt")
    Checkpoint({"name": "x", "colour": 1}, 1, 0.0, {}).write(tmp_path / "x.ckpt")
    with pytest.raises(FoveaError, match=r"x\.ckpt: top level: unknown key 'colour'"):
        load_checkpoint(tmp_path / "x.ckpt")


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_checkpoints_of_the_repository_load(path):
    load = load_finder if path.stem == "finder" else load_checkpoint
    assert load(path)
